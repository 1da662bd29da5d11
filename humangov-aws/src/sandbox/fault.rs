// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Fault`]: calls that go wrong on purpose.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Calls that go wrong: which, how often, how.
///
/// ```
/// use humangov_aws::sandbox::{Fault, FaultKind};
///
/// // The second CreateService of California is executed, but its answer is lost.
/// let fault = Fault::new(FaultKind::LostAnswer).operation("CreateService").tenant("california").after(1).times(1);
/// # let _ = fault;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// Only calls to this service, by the name it signs with: `ecs`, `elasticloadbalancing`, `s3`.
    #[serde(default)]
    pub service: Option<String>,
    /// Only calls of this operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only calls that are about this stack, such as `california`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// How many such calls go well before.
    #[serde(default)]
    pub after: u64,
    /// How many such calls then go wrong; all of them when nothing is said.
    #[serde(default)]
    pub times: Option<u64>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many such calls there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) seen: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// It is refused, and not executed.
    Error {
        /// AWS's code, such as `AccessDeniedException`.
        code: String,
        /// AWS's words.
        #[serde(default)]
        message: String,
        /// The HTTP status, 400 if nothing is said.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// It is refused as too many are, with the code of its service.
    Throttle,
    /// The connection breaks before it is executed.
    ResetBefore,
    /// It is executed, and the connection breaks before the answer.
    LostAnswer,
    /// It is executed, and half of the answer arrives.
    Truncated,
    /// It is executed, and the answer takes this long, perhaps longer than anybody waits.
    Slow(#[serde(with = "milliseconds")] Duration),
}

fn bad_request() -> u16 {
    400
}

mod milliseconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

impl Fault {
    /// Every call goes wrong like this, until it is narrowed down.
    pub fn new(kind: FaultKind) -> Self {
        Self { service: None, operation: None, tenant: None, after: 0, times: None, kind, seen: 0 }
    }

    /// Only calls to this service, by the name it signs with.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only calls about this stack.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Only once so many such calls went well.
    #[must_use]
    pub fn after(mut self, calls: u64) -> Self {
        self.after = calls;
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Counts a call, and tells what goes wrong with it, if anything does.
    pub(super) fn meets(
        &mut self,
        service: &str,
        operation: &str,
        tenant: Option<&str>,
    ) -> Option<FaultKind> {
        let fits =
            |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|w| is == Some(w));
        if !(fits(&self.service, Some(service))
            && fits(&self.operation, Some(operation))
            && fits(&self.tenant, tenant))
        {
            return None;
        }
        let nth = self.seen;
        self.seen += 1;
        let wrong = nth >= self.after && self.times.is_none_or(|times| nth - self.after < times);
        wrong.then(|| self.kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_the_calls_it_was_made_for_and_no_others() {
        let mut fault =
            Fault::new(FaultKind::Throttle).operation("CreateService").tenant("ohio").after(1).times(2);
        let mut meet = |operation, tenant| fault.meets("ecs", operation, tenant).is_some();
        assert!(!meet("UpdateService", Some("ohio")) && !meet("CreateService", None));
        let met: Vec<bool> = (0..5).map(|_| meet("CreateService", Some("ohio"))).collect();
        assert_eq!(met, [false, true, true, false, false]);
    }

    #[test]
    fn faults_can_be_written_in_a_file() {
        let text = r#"{"operation": "CreateRole", "times": 1, "kind": {"slow": 30000}}"#;
        let fault: Fault = serde_json::from_str(text).expect("a fault");
        assert_eq!(fault.kind, FaultKind::Slow(Duration::from_secs(30)));
        assert!(serde_json::from_str::<Fault>(r#"{"operatoin": "X", "kind": "throttle"}"#).is_err());
    }
}
