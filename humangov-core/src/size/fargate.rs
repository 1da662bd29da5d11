// SPDX-License-Identifier: MIT OR Apache-2.0
//! The task sizes Fargate offers for Linux.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cpu, Memory};

/// Task size that Fargate offers for Linux; no other pair of CPU and memory can be constructed.
///
/// From the table of task sizes in the Amazon ECS developer guide ("Task CPU and memory"):
///
/// | CPU | memory |
/// |---|---|
/// | 0.25 vCPU (256) | 512 MiB, 1 GB or 2 GB |
/// | 0.5 vCPU (512) | 1 GB, 2 GB, 3 GB or 4 GB |
/// | 1 vCPU (1024) | 2 GB to 8 GB in steps of 1 GB |
/// | 2 vCPU (2048) | 4 GB to 16 GB in steps of 1 GB |
/// | 4 vCPU (4096) | 8 GB to 30 GB in steps of 1 GB |
/// | 8 vCPU (8192) | 16 GB to 60 GB in steps of 4 GB |
/// | 16 vCPU (16384) | 32 GB to 120 GB in steps of 8 GB |
///
/// The two largest need platform version 1.4.0 or later. A 32 vCPU size appears in some third-party validators but
/// not in the API model, so it is left out until AWS documents it.
///
/// Use [`fargate_size!`](crate::fargate_size) for literals and [`FargateSize::new`] for values known only when the
/// program runs. Serialises as `{"cpu": 512, "memory": 1024}` and checks the pair when deserialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Pair")]
pub struct FargateSize {
    cpu: Cpu,
    memory: Memory,
}

#[derive(Deserialize)]
#[serde(rename = "FargateSize")]
struct Pair {
    cpu: Cpu,
    memory: Memory,
}

/// [`FargateSize`] of a pair of literals (CPU units, MiB), checked at compile time.
///
/// ```
/// use humangov_core::fargate_size;
/// use humangov_core::size::FargateSize;
///
/// let size = fargate_size!(512, 1024);
/// const LARGE: FargateSize = fargate_size!(4096, 8192);
/// # assert_eq!((size.to_string(), LARGE.to_string()), ("0.5 vCPU, 1 GB".into(), "4 vCPU, 8 GB".into()));
/// ```
///
/// A pair that Fargate does not offer does not compile, and the compiler prints what the CPU allows:
///
/// ```compile_fail,E0080
/// let size = humangov_core::fargate_size!(512, 8192);
/// ```
///
/// Nor does a value known only when the program runs; that is for [`FargateSize::new`]:
///
/// ```compile_fail,E0435
/// let memory = 1024;
/// let size = humangov_core::fargate_size!(512, memory);
/// ```
#[macro_export]
macro_rules! fargate_size {
    ($cpu_units:expr, $memory_mib:expr $(,)?) => {
        const { $crate::size::FargateSize::of($cpu_units, $memory_mib) }
    };
}

impl Cpu {
    /// The amounts of CPU that Fargate offers, ascending: 0.25 to 16 vCPU.
    pub const FARGATE: [Self; 7] = [
        Self::from_units(256),
        Self::from_units(512),
        Self::from_units(1024),
        Self::from_units(2048),
        Self::from_units(4096),
        Self::from_units(8192),
        Self::from_units(16_384),
    ];
}

impl FargateSize {
    /// The size with this CPU and memory.
    ///
    /// # Errors
    ///
    /// If Fargate does not offer the pair; the error lists what it offers instead.
    pub const fn new(cpu: Cpu, memory: Memory) -> Result<Self, InvalidFargateSize> {
        if offers(cpu.units(), memory.mib()) {
            Ok(Self { cpu, memory })
        } else {
            Err(InvalidFargateSize { cpu, memory })
        }
    }

    /// The size with these CPU units and MiB, for constants only: [`fargate_size!`](crate::fargate_size) is the way to
    /// call it, since it makes sure that the check happens at compile time.
    ///
    /// ```
    /// # use humangov_core::size::FargateSize;
    /// const SIZE: FargateSize = FargateSize::of(512, 1024);
    /// ```
    ///
    /// ```compile_fail,E0080
    /// # use humangov_core::size::FargateSize;
    /// const SIZE: FargateSize = FargateSize::of(512, 8192);
    /// ```
    ///
    /// # Panics
    ///
    /// If Fargate does not offer the pair. In a constant that is a compile error; never pass values that are known
    /// only when the program runs, which [`FargateSize::new`] is for.
    pub const fn of(cpu_units: u32, memory_mib: u32) -> Self {
        match Self::new(Cpu::from_units(cpu_units), Memory::from_mib(memory_mib)) {
            Ok(size) => size,
            Err(_) => panic!("{}", offered(cpu_units)),
        }
    }

    /// CPU of the whole task.
    pub const fn cpu(self) -> Cpu {
        self.cpu
    }

    /// Memory of the whole task.
    pub const fn memory(self) -> Memory {
        self.memory
    }

    /// Every size there is, ascending by CPU, then by memory.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        Cpu::FARGATE
            .into_iter()
            .flat_map(|cpu| Self::allowed_memory(cpu).map(move |memory| Self { cpu, memory }))
    }

    /// The amounts of memory that go with `cpu`, ascending; none if Fargate does not offer `cpu` at all.
    pub fn allowed_memory(cpu: Cpu) -> impl Iterator<Item = Memory> + Clone {
        // Every amount is a multiple of half a gigabyte, up to 120 of them whole.
        (1..=240)
            .map(|halves| Memory::from_mib(halves * 512))
            .filter(move |memory| offers(cpu.units(), memory.mib()))
    }
}

/// The table of sizes: whether Fargate for Linux offers this pair of CPU units and MiB.
const fn offers(cpu_units: u32, memory_mib: u32) -> bool {
    let (first, last, step) = match cpu_units {
        256 => return matches!(memory_mib, 512 | 1024 | 2048),
        512 => (1, 4, 1),
        1024 => (2, 8, 1),
        2048 => (4, 16, 1),
        4096 => (8, 30, 1),
        8192 => (16, 60, 4),
        16_384 => (32, 120, 8),
        _ => return false,
    };
    let gigabytes = memory_mib / 1024;
    memory_mib.is_multiple_of(1024)
        && first <= gigabytes
        && gigabytes <= last
        && gigabytes.is_multiple_of(step)
}

/// The same table in words; text, because a panic in a constant can show nothing else.
const fn offered(cpu_units: u32) -> &'static str {
    match cpu_units {
        256 => "0.25 vCPU allows 512 MiB, 1 GB or 2 GB",
        512 => "0.5 vCPU allows 1 GB, 2 GB, 3 GB or 4 GB",
        1024 => "1 vCPU allows 2 GB to 8 GB in steps of 1 GB",
        2048 => "2 vCPU allows 4 GB to 16 GB in steps of 1 GB",
        4096 => "4 vCPU allows 8 GB to 30 GB in steps of 1 GB",
        8192 => "8 vCPU allows 16 GB to 60 GB in steps of 4 GB",
        16_384 => "16 vCPU allows 32 GB to 120 GB in steps of 8 GB",
        _ => "allowed are 0.25, 0.5, 1, 2, 4, 8 or 16 vCPU",
    }
}

impl fmt::Display for FargateSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.cpu, self.memory)
    }
}

impl TryFrom<Pair> for FargateSize {
    type Error = InvalidFargateSize;

    fn try_from(pair: Pair) -> Result<Self, Self::Error> {
        Self::new(pair.cpu, pair.memory)
    }
}

/// A pair of CPU and memory that Fargate does not offer; `Display` lists what it offers instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidFargateSize {
    cpu: Cpu,
    memory: Memory,
}

/// Which half of the pair of an [`InvalidFargateSize`] is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidFargateSizeKind {
    /// Fargate offers no task of this CPU: see [`Cpu::FARGATE`].
    Cpu,
    /// This memory does not go with the CPU: see [`FargateSize::allowed_memory`].
    Memory,
}

impl InvalidFargateSize {
    /// The CPU asked for.
    pub const fn cpu(self) -> Cpu {
        self.cpu
    }

    /// The memory asked for.
    pub const fn memory(self) -> Memory {
        self.memory
    }

    /// Which half is wrong, for a program to act on.
    pub fn kind(self) -> InvalidFargateSizeKind {
        if Cpu::FARGATE.contains(&self.cpu) {
            InvalidFargateSizeKind::Memory
        } else {
            InvalidFargateSizeKind::Cpu
        }
    }

    /// Stable code of the kind: `size.fargate_cpu` or `size.fargate_memory`.
    pub fn code(self) -> &'static str {
        match self.kind() {
            InvalidFargateSizeKind::Cpu => "size.fargate_cpu",
            InvalidFargateSizeKind::Memory => "size.fargate_memory",
        }
    }
}

impl fmt::Display for InvalidFargateSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offered = offered(self.cpu.units());
        match self.kind() {
            InvalidFargateSizeKind::Cpu => write!(f, "Fargate has no {}; {offered}", self.cpu),
            InvalidFargateSizeKind::Memory => {
                write!(f, "Fargate has no {} with {}; {offered}", self.cpu, self.memory)
            }
        }
    }
}

impl std::error::Error for InvalidFargateSize {}
