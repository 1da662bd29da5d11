// SPDX-License-Identifier: MIT OR Apache-2.0
//! Half a vCPU goes with 1 to 4 GiB.
use humangov_core::{fargate_size, size::FargateSize};

const SIZE: FargateSize = fargate_size!(512, 8192);

fn main() {
    let _ = SIZE;
}
