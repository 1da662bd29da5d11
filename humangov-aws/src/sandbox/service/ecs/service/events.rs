// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a service tells of itself.

use super::Service;
use crate::sandbox::ids::Ids;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many events AWS keeps.
const KEPT: usize = 100;

/// Something that happened to a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox::service::ecs) struct Event {
    pub id: String,
    pub at: Timestamp,
    pub message: String,
}

impl Service {
    /// Tells something: `(service web) has reached a steady state.`
    pub(in crate::sandbox::service::ecs) fn tell(&mut self, ids: &mut Ids, at: Timestamp, what: &str) {
        let message = format!("(service {}) {what}", self.name);
        self.events.push_front(Event { id: ids.uuid(), at, message });
        self.events.truncate(KEPT);
    }
}
