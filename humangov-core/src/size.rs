// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amounts of CPU and memory, and the pairs of them that Fargate sells.
//!
//! ```
//! use humangov_core::fargate_size;
//! use humangov_core::size::{Cpu, FargateSize, Memory};
//!
//! // Literals are checked at compile time.
//! let size = fargate_size!(512, 1024);
//!
//! // What comes from outside is checked when it comes.
//! let (cpu, memory) = ("0.5 vCPU".parse::<Cpu>()?, "8 GB".parse::<Memory>()?);
//! let error = FargateSize::new(cpu, memory).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "Fargate has no 0.5 vCPU with 8 GB; 0.5 vCPU allows 1 GB, 2 GB, 3 GB or 4 GB",
//! );
//! # Ok::<(), humangov_core::size::ParseSizeError>(())
//! ```

mod fargate;
mod quantity;
#[cfg(test)]
mod tests;

pub use fargate::{FargateSize, InvalidFargateSize, InvalidFargateSizeKind};
pub use quantity::{Cpu, Memory, ParseSizeError, ParseSizeErrorKind};
