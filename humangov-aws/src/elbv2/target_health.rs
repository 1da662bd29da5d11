// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`target_health`]: which targets of a target group are up.

use crate::{
    elbv2::batch::{each, number},
    error::{Service, classify},
};
use aws_sdk_elasticloadbalancingv2::{Client, types};
use humangov_core::{arn::Arn, handler::HandlerError, kind::elbv2::TargetGroup};

/// The targets of a target group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TargetHealth {
    /// Each target, in AWS's order.
    pub targets: Vec<Target>,
}

impl TargetHealth {
    /// How many targets are in `state`.
    pub fn count(&self, state: TargetState) -> usize {
        self.targets.iter().filter(|target| target.state == state).count()
    }
}

/// A target and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The address of a task, or the id of an instance.
    pub id: String,
    /// The port.
    pub port: Option<u16>,
    /// How it is.
    pub state: TargetState,
    /// AWS's code of why it is not healthy, such as `Target.ResponseCodeMismatch`.
    pub reason: Option<String>,
    /// The same in AWS's words, such as `Health checks failed with these codes: [502]`.
    pub description: Option<String>,
}

/// How a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TargetState {
    /// It answers as it should.
    Healthy,
    /// It does not.
    Unhealthy,
    /// It was registered a moment ago, and has not answered often enough yet.
    Initial,
    /// It is being taken out, and finishes what it has.
    Draining,
    /// No traffic goes to it: its group is behind no listener, or its zone is not one of the load balancer's.
    Unused,
    /// It is not known: health checks are off, or AWS said something newer than this crate.
    Unavailable,
}

impl TargetState {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Initial => "initial",
            Self::Draining => "draining",
            Self::Unused => "unused",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How the targets of these groups are, in the same order; `None` for a group that is gone. AWS takes one group a call, so this
/// is one call for each, up to ten at a time.
///
/// # Errors
/// For each group on its own, when its call fails.
pub async fn target_health(
    client: &Client,
    target_groups: &[Arn<TargetGroup>],
) -> Vec<Result<Option<TargetHealth>, HandlerError>> {
    let answers = each(target_groups.iter().map(Arn::as_str), |arn| describe(client, arn)).await;
    target_groups.iter().map(|arn| answers.get(arn.as_str()).cloned().unwrap_or(Ok(None))).collect()
}

async fn describe(client: &Client, arn: &str) -> Result<TargetHealth, HandlerError> {
    let answer = client.describe_target_health().target_group_arn(arn).send().await;
    let answer = answer.map_err(|error| classify(Service::Elbv2, "DescribeTargetHealth", error))?;
    let targets = answer.target_health_descriptions.unwrap_or_default();
    Ok(TargetHealth { targets: targets.into_iter().map(target).collect() })
}

fn target(described: types::TargetHealthDescription) -> Target {
    use types::TargetHealthStateEnum as State;
    let (target, health) = (described.target, described.target_health);
    let state = match health.as_ref().and_then(|health| health.state.as_ref()) {
        Some(State::Healthy) => TargetState::Healthy,
        Some(State::Unhealthy) => TargetState::Unhealthy,
        Some(State::Initial) => TargetState::Initial,
        Some(State::Draining | State::UnhealthyDraining) => TargetState::Draining,
        Some(State::Unused) => TargetState::Unused,
        _ => TargetState::Unavailable,
    };
    let (reason, description) = health.map(|health| (health.reason, health.description)).unwrap_or_default();
    Target {
        port: number(target.as_ref().and_then(|target| target.port)),
        id: target.and_then(|target| target.id).unwrap_or_default(),
        state,
        reason: reason.map(|reason| reason.as_str().to_owned()),
        description,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mock_client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::{
        DescribeTargetHealthError, DescribeTargetHealthOutput,
    };
    use aws_smithy_mocks::{RuleMode, mock};
    use aws_smithy_types::error::ErrorMetadata;
    use humangov_core::handler::HandlerErrorKind;

    fn group(name: &str) -> Arn<TargetGroup> {
        format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/0123456789abcdef")
            .parse()
            .expect("an ARN")
    }

    fn described(id: &str, state: &str, why: Option<(&str, &str)>) -> types::TargetHealthDescription {
        let health = types::TargetHealth::builder()
            .state(state.into())
            .set_reason(why.map(|(reason, _)| reason.into()))
            .set_description(why.map(|(_, description)| description.to_owned()));
        types::TargetHealthDescription::builder()
            .target(types::TargetDescription::builder().id(id).port(80).build())
            .target_health(health.build())
            .build()
    }

    #[tokio::test]
    async fn targets_are_told_with_what_ails_them() {
        let call = mock!(Client::describe_target_health)
            .match_requests(|request| request.target_group_arn() == Some(group("web").as_str()))
            .then_output(|| {
                DescribeTargetHealthOutput::builder()
                    .target_health_descriptions(described("10.0.0.1", "healthy", None))
                    .target_health_descriptions(described(
                        "10.0.0.2",
                        "unhealthy",
                        Some(("Target.ResponseCodeMismatch", "Health checks failed with these codes: [502]")),
                    ))
                    .target_health_descriptions(described("10.0.0.3", "unhealthy.draining", None))
                    .target_health_descriptions(described("10.0.0.4", "something.newer", None))
                    .build()
            });
        let found = target_health(
            &mock_client!(aws_sdk_elasticloadbalancingv2, [&call]),
            &[group("web"), group("web")],
        )
        .await;
        assert_eq!(call.num_calls(), 1, "a group is asked for once");
        let [Ok(Some(health)), Ok(Some(again))] = &found[..] else { panic!("{found:?}") };
        assert_eq!(health, again);
        let states: Vec<&str> = health.targets.iter().map(|target| target.state.as_str()).collect();
        assert_eq!(states, ["healthy", "unhealthy", "draining", "unavailable"]);
        assert_eq!((health.count(TargetState::Healthy), health.count(TargetState::Initial)), (1, 0));
        let ill = &health.targets[1];
        assert_eq!((ill.id.as_str(), ill.port), ("10.0.0.2", Some(80)));
        assert_eq!(ill.reason.as_deref(), Some("Target.ResponseCodeMismatch"));
        assert_eq!(ill.description.as_deref(), Some("Health checks failed with these codes: [502]"));
    }

    #[tokio::test]
    async fn a_group_that_is_gone_is_none_and_one_that_cannot_be_read_fails_alone() {
        let answers = |name: &'static str, code: &'static str| {
            mock!(Client::describe_target_health)
                .match_requests(move |request| request.target_group_arn() == Some(group(name).as_str()))
                .then_error(move || {
                    DescribeTargetHealthError::generic(
                        ErrorMetadata::builder().code(code).message("no").build(),
                    )
                })
        };
        let (gone, denied) = (answers("gone", "TargetGroupNotFound"), answers("denied", "AccessDenied"));
        let empty = mock!(Client::describe_target_health)
            .match_requests(|request| request.target_group_arn() == Some(group("empty").as_str()))
            .then_output(|| DescribeTargetHealthOutput::builder().build());
        let client =
            mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&gone, &denied, &empty]);
        let found = target_health(&client, &[group("gone"), group("denied"), group("empty")]).await;
        let [Ok(None), Err(error), Ok(Some(health))] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (error.kind(), error.operation()),
            (HandlerErrorKind::AccessDenied, "DescribeTargetHealth")
        );
        assert!(health.targets.is_empty());
    }
}
