// SPDX-License-Identifier: MIT OR Apache-2.0
//! AWS Identity and Access Management.
