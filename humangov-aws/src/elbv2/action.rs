// SPDX-License-Identifier: MIT OR Apache-2.0
//! Actions in the shape AWS writes them.

use crate::elbv2::batch::{int, number};
use aws_sdk_elasticloadbalancingv2::types::{self, ActionTypeEnum};
use humangov_core::kind::elbv2::{
    Action, FixedResponse, Forward, ForwardStickiness, Redirect, WeightedTargetGroup,
};

/// The one action of ours, as AWS takes it.
pub(super) fn write(action: &Action) -> types::Action {
    match action {
        Action::Forward(forward) => write_forward(forward),
        Action::Redirect(redirect) => {
            let config = types::RedirectActionConfig::builder()
                .protocol(redirect.protocol.as_str())
                .port(&redirect.port)
                .host(&redirect.host)
                .path(&redirect.path)
                .query(&redirect.query)
                .status_code(redirect.status_code.as_str().into());
            types::Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(config.build()).build()
        }
        Action::FixedResponse(response) => {
            let config = types::FixedResponseActionConfig::builder()
                .status_code(response.status_code.to_string())
                .set_content_type(response.content_type.map(|content_type| content_type.as_str().to_owned()))
                .set_message_body(response.message_body.clone());
            let action = types::Action::builder().r#type(ActionTypeEnum::FixedResponse);
            action.fixed_response_config(config.build()).build()
        }
        // Kinds of action yet to come are written here first.
        _ => types::Action::builder().build(),
    }
}

fn write_forward(forward: &Forward) -> types::Action {
    let action = types::Action::builder().r#type(ActionTypeEnum::Forward);
    if let ([only], ForwardStickiness::Off) = (forward.target_groups.as_slice(), forward.stickiness) {
        return action.target_group_arn(only.target_group.text()).build();
    }
    let group = |group: &WeightedTargetGroup| {
        types::TargetGroupTuple::builder()
            .target_group_arn(group.target_group.text())
            .weight(int(group.weight))
            .build()
    };
    let stickiness = types::TargetGroupStickinessConfig::builder();
    let stickiness = match forward.stickiness {
        ForwardStickiness::DurationSeconds(seconds) => {
            stickiness.enabled(true).duration_seconds(int(seconds))
        }
        _ => stickiness.enabled(false),
    };
    let config = types::ForwardActionConfig::builder()
        .set_target_groups(Some(forward.target_groups.iter().map(group).collect()))
        .target_group_stickiness_config(stickiness.build());
    action.forward_config(config.build()).build()
}

/// AWS's actions as one of ours. What is none of ours (several, or one that authenticates) becomes a forward to nowhere,
/// which no spec can wish for: so it shows as a difference.
pub(super) fn read(actions: &[types::Action]) -> Action {
    let [action] = actions else { return Action::Forward(Forward::builder().build()) };
    match action.r#type() {
        Some(ActionTypeEnum::Redirect) => Action::Redirect(read_redirect(action)),
        Some(ActionTypeEnum::FixedResponse) => Action::FixedResponse(read_response(action)),
        _ => Action::Forward(read_forward(action)),
    }
}

fn read_redirect(action: &types::Action) -> Redirect {
    let mut redirect = Redirect::default();
    let Some(config) = action.redirect_config() else { return redirect };
    let keep = |there: Option<&str>, default: String| there.map_or(default, str::to_owned);
    redirect.protocol = config.protocol().and_then(|word| word.parse().ok()).unwrap_or(redirect.protocol);
    redirect.port = keep(config.port(), redirect.port);
    redirect.host = keep(config.host(), redirect.host);
    redirect.path = keep(config.path(), redirect.path);
    redirect.query = keep(config.query(), redirect.query);
    let status_code = config.status_code().and_then(|code| code.as_str().parse().ok());
    redirect.status_code = status_code.unwrap_or(redirect.status_code);
    redirect
}

fn read_response(action: &types::Action) -> FixedResponse {
    let config = action.fixed_response_config();
    let status_code = config.and_then(|config| config.status_code()?.parse().ok()).unwrap_or_default();
    let mut response = FixedResponse::builder().status_code(status_code).build();
    response.content_type = config.and_then(|config| config.content_type()?.parse().ok());
    response.message_body = config.and_then(|config| config.message_body()).map(str::to_owned);
    response
}

fn read_forward(action: &types::Action) -> Forward {
    let mut forward = Forward::builder().build();
    let config = action.forward_config();
    let group = |arn: Option<&str>, weight| {
        Some(WeightedTargetGroup { target_group: arn?.try_into().ok()?, weight: number(weight).unwrap_or(1) })
    };
    let groups = config.map(types::ForwardActionConfig::target_groups).unwrap_or_default();
    forward.target_groups =
        groups.iter().filter_map(|one| group(one.target_group_arn(), one.weight())).collect();
    if forward.target_groups.is_empty() {
        forward.target_groups.extend(group(action.target_group_arn(), None));
    }
    let stickiness = config.and_then(types::ForwardActionConfig::target_group_stickiness_config);
    if let Some(stickiness) = stickiness.filter(|stickiness| stickiness.enabled() == Some(true)) {
        let seconds = number(stickiness.duration_seconds()).unwrap_or_default();
        forward.stickiness = ForwardStickiness::DurationSeconds(seconds);
    }
    forward
}

#[cfg(test)]
mod tests {
    use super::*;
    use humangov_core::{arn::Arn, kind::elbv2::TargetGroup};

    fn group(name: &str) -> Arn<TargetGroup> {
        format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/1")
            .parse()
            .expect("an ARN")
    }

    #[test]
    fn actions_read_back_as_they_were_written() {
        let split = Forward::builder()
            .target_group(group("a"), 90)
            .target_group(group("b"), 10)
            .stickiness(ForwardStickiness::DurationSeconds(60))
            .build();
        for action in [
            Action::forward(group("a")),
            Action::Forward(split),
            Action::redirect_to_https(),
            Action::fixed_response(404, "no such tenant"),
        ] {
            assert_eq!(read(&[write(&action)]), action);
        }
    }

    #[test]
    fn a_single_group_is_read_from_both_forms_of_the_answer() {
        let mut both = write(&Action::forward(group("a")));
        let tuple =
            types::TargetGroupTuple::builder().target_group_arn(group("a").as_str()).weight(1).build();
        let off = types::TargetGroupStickinessConfig::builder().enabled(false).build();
        let config = types::ForwardActionConfig::builder().target_groups(tuple);
        both.forward_config = Some(config.target_group_stickiness_config(off).build());
        assert_eq!(read(&[both]), Action::forward(group("a")));
    }

    #[test]
    fn a_redirect_that_lost_its_query_means_the_default() {
        let mut action = write(&Action::redirect_to_https());
        action.redirect_config.as_mut().expect("a redirect").query = None;
        assert_eq!(read(&[action]), Action::redirect_to_https());
    }

    #[test]
    fn what_is_none_of_ours_differs_from_everything_of_ours() {
        let authenticate = types::Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).build();
        let nowhere = Action::Forward(Forward::builder().build());
        assert_eq!(read(&[authenticate, write(&Action::forward(group("a")))]), nowhere);
        assert_eq!(read(&[]), nowhere);
    }
}
