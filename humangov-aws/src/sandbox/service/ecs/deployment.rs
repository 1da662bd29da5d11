// SPDX-License-Identifier: MIT OR Apache-2.0
//! Deployments: how services get from one set of tasks to another as time goes by.

use crate::sandbox::world::Cx;

/// Lets all services get to where they are by now.
pub(super) fn advance(_cx: &mut Cx<'_>) {}
