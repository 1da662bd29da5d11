// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Elastic Load Balancing version 2: Application Load Balancers.
