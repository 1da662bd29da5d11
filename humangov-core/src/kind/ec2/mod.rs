// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon EC2: networks.
