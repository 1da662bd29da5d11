// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Action`]: what a listener or a rule does with a request.

use crate::{
    arn::Arn,
    kind::elbv2::{TargetGroup, checks, words::words},
    resource::Violations,
    value::Input,
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// What happens to a request.
///
/// ```
/// use humangov_core::{arn::Arn, kind::elbv2::{Action, TargetGroup}};
/// let group: Arn<TargetGroup> =
///     "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/humangov-california/73e2d6bc24d8a067".parse()?;
/// let forward = Action::forward(group); // a `&Handle<TargetGroup>` serves as well
/// let redirect = Action::redirect_to_https();
/// let refuse = Action::fixed_response(404, "no such tenant");
/// # Ok::<(), humangov_core::address::ParseWordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// A target answers it.
    Forward(Forward),
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// The load balancer answers it.
    FixedResponse(FixedResponse),
}

impl Action {
    /// A target of `target_group` answers.
    pub fn forward(target_group: impl Into<Input<Arn<TargetGroup>>>) -> Self {
        Self::Forward(Forward::builder().target_group(target_group, 1).build())
    }

    /// The client is sent to the same address over HTTPS, for good (301).
    pub fn redirect_to_https() -> Self {
        Self::Redirect(Redirect::builder().protocol(RedirectProtocol::Https).port("443").build())
    }

    /// The load balancer answers with `status_code` and `body`, as plain text.
    pub fn fixed_response(status_code: u16, body: impl Into<String>) -> Self {
        let response = FixedResponse::builder().status_code(status_code).content_type(ContentType::Plain);
        Self::FixedResponse(response.message_body(body).build())
    }

    pub(super) fn normalize(&mut self) {
        if let Self::Forward(forward) = self {
            checks::sort(&mut forward.target_groups);
            if let [only] = forward.target_groups.as_mut_slice() {
                // Alone, a group gets everything, and AWS tells no weight or 1.
                only.weight = only.weight.min(1);
            }
        }
    }

    pub(super) fn validate(&self, found: &mut Violations) {
        match self {
            Self::Forward(forward) => found.within("forward", |found| forward.validate(found)),
            Self::Redirect(redirect) => found.within("redirect", |found| redirect.validate(found)),
            Self::FixedResponse(response) => {
                found.within("fixed_response", |found| response.validate(found));
            }
        }
    }
}

/// To which target groups requests go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a target group with its weight.
    pub fn target_group(&mut self, target_group: impl Into<Input<Arn<TargetGroup>>>, weight: u16) {
        self.target_groups.push(WeightedTargetGroup { target_group: target_group.into(), weight });
    }
))]
pub struct Forward {
    /// The target groups: 1 to 5.
    #[builder(via_mutators)]
    pub target_groups: Vec<WeightedTargetGroup>,
    /// Whether a client stays with one of the groups. Stickiness within a group is the group's own.
    #[builder(default)]
    #[serde(default)]
    pub stickiness: ForwardStickiness,
}

/// A target group and its share of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedTargetGroup {
    /// The target group.
    pub target_group: Input<Arn<TargetGroup>>,
    /// Its share, relative to the others': 0 to 999.
    pub weight: u16,
}

/// Whether a client stays with one of several target groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ForwardStickiness {
    /// Each request may go to another group.
    #[default]
    Off,
    /// For this long, in seconds: 1 to 604800.
    DurationSeconds(u32),
}

impl Forward {
    fn validate(&self, found: &mut Violations) {
        let groups = &self.target_groups;
        found.check((1..=5).contains(&groups.len()), "target_groups", || {
            format!("{} target groups; allowed are 1 to 5", groups.len())
        });
        for (i, group) in groups.iter().enumerate() {
            let path = format!("target_groups.{i}");
            found.within(&path, |found| {
                checks::arn(found, "target_group", &group.target_group, "targetgroup/");
                checks::range(found, "weight", Some(group.weight), 0..=999);
                let twice = groups[..i].iter().any(|other| other.target_group == group.target_group);
                found.check(!twice, "target_group", || "listed twice");
            });
        }
        found.check(
            groups.is_empty() || groups.iter().any(|group| group.weight > 0),
            "target_groups",
            || "with all weights 0 nobody would answer",
        );
        if let ForwardStickiness::DurationSeconds(seconds) = self.stickiness {
            checks::range(found, "stickiness.duration_seconds", Some(seconds), 1..=604_800);
        }
    }
}

/// Where a client is sent. What is not set stays as in the request; at least one part of the address must change, or
/// the client would come back for ever.
///
/// Host, path and query may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[serde(default)]
#[non_exhaustive]
#[builder(doc)]
pub struct Redirect {
    /// The protocol.
    #[builder(default)]
    pub protocol: RedirectProtocol,
    /// The port: 1 to 65535, or `#{port}`.
    #[builder(default = "#{port}".to_owned(), setter(into))]
    pub port: String,
    /// The host name: 1 to 128 characters.
    #[builder(default = "#{host}".to_owned(), setter(into))]
    pub host: String,
    /// The path: begins with `/`, 1 to 128 characters.
    #[builder(default = "/#{path}".to_owned(), setter(into))]
    pub path: String,
    /// The query without the `?`: up to 128 characters.
    #[builder(default = "#{query}".to_owned(), setter(into))]
    pub query: String,
    /// Whether for good.
    #[builder(default)]
    pub status_code: RedirectStatusCode,
}

impl Default for Redirect {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// The protocol of a redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RedirectProtocol {
    /// As in the request.
    #[default]
    Same,
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
}

words!(RedirectProtocol {
    Same = "#{protocol}",
    Http = "HTTP",
    Https = "HTTPS",
});

/// The status code of a redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RedirectStatusCode {
    /// 301: for good; clients remember it.
    #[default]
    MovedPermanently,
    /// 302: this time.
    Found,
}

words!(RedirectStatusCode {
    MovedPermanently = "HTTP_301",
    Found = "HTTP_302",
});

impl Redirect {
    fn validate(&self, found: &mut Violations) {
        found.check(
            self.port == "#{port}" || self.port.parse::<u16>().is_ok_and(|port| port > 0),
            "port",
            || format!("{:?} is no port; allowed are 1 to 65535 and #{{port}}", self.port),
        );
        found.check((1..=128).contains(&self.host.len()), "host", || "a host has 1 to 128 characters");
        found.check(
            self.path.starts_with('/') && self.path.len() <= 128,
            "path",
            || "a path begins with / and has 1 to 128 characters",
        );
        found.check(
            self.query.len() <= 128 && !self.query.starts_with('?'),
            "query",
            || "a query has up to 128 characters and does not begin with ?",
        );
        let unchanged = Self::default();
        found.check(
            self.protocol != unchanged.protocol
                || self.port != unchanged.port
                || self.host != unchanged.host
                || self.path != unchanged.path,
            "",
            || "nothing of protocol, host, port and path changes: the client would come back for ever",
        );
    }
}

/// An answer of the load balancer itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct FixedResponse {
    /// The status code: 200 to 299 or 400 to 599.
    pub status_code: u16,
    /// What the body is.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub content_type: Option<ContentType>,
    /// The body: up to 1024 characters.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub message_body: Option<String>,
}

/// What the body of a fixed response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentType {
    /// `text/plain`.
    Plain,
    /// `text/css`.
    Css,
    /// `text/html`.
    Html,
    /// `application/javascript`.
    JavaScript,
    /// `application/json`.
    Json,
}

words!(ContentType {
    Plain = "text/plain",
    Css = "text/css",
    Html = "text/html",
    JavaScript = "application/javascript",
    Json = "application/json",
});

impl FixedResponse {
    fn validate(&self, found: &mut Violations) {
        found.check(matches!(self.status_code, 200..=299 | 400..=599), "status_code", || {
            format!("{} is not allowed; allowed are 200 to 299 and 400 to 599", self.status_code)
        });
        if let Some(body) = &self.message_body {
            found.check(body.chars().count() <= 1024, "message_body", || "a body has up to 1024 characters");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067";

    fn group() -> Arn<TargetGroup> {
        GROUP.parse().expect("an ARN")
    }

    fn problems(action: &Action) -> String {
        let mut found = Violations::default();
        action.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn usual_actions_are_fine() {
        assert_eq!(problems(&Action::forward(group())), "");
        assert_eq!(problems(&Action::redirect_to_https()), "");
        assert_eq!(problems(&Action::fixed_response(404, "no such tenant")), "");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let balancer: Arn<TargetGroup> =
            GROUP.replace("targetgroup/", "loadbalancer/app/").parse().expect("an ARN");
        let table = [
            (
                Action::Forward(Forward::builder().build()),
                "forward.target_groups: 0 target groups; allowed are 1",
            ),
            (
                Action::Forward(Forward::builder().target_group(group(), 1000).build()),
                "forward.target_groups.0.weight: 1000 is out of range; allowed are 0 to 999",
            ),
            (
                Action::Forward(Forward::builder().target_group(group(), 1).target_group(group(), 1).build()),
                "forward.target_groups.1.target_group: listed twice",
            ),
            (
                Action::Forward(Forward::builder().target_group(group(), 0).build()),
                "forward.target_groups: with all weights 0 nobody would answer",
            ),
            (Action::forward(balancer), "its resource part begins targetgroup/"),
            (
                Action::Forward(
                    Forward::builder()
                        .target_group(group(), 1)
                        .stickiness(ForwardStickiness::DurationSeconds(0))
                        .build(),
                ),
                "forward.stickiness.duration_seconds: 0 is out of range",
            ),
            (
                Action::Redirect(Redirect::default()),
                "redirect: nothing of protocol, host, port and path changes",
            ),
            (Action::Redirect(Redirect::builder().port("0").build()), "redirect.port: \"0\" is no port"),
            (Action::Redirect(Redirect::builder().host("").build()), "redirect.host: a host has 1 to 128"),
            (Action::Redirect(Redirect::builder().path("x").build()), "redirect.path: a path begins with /"),
            (Action::Redirect(Redirect::builder().query("?x").build()), "redirect.query: a query has up to"),
            (Action::fixed_response(301, ""), "fixed_response.status_code: 301 is not allowed"),
            (
                Action::fixed_response(503, "x".repeat(1025)),
                "fixed_response.message_body: a body has up to 1024",
            ),
        ];
        for (action, expected) in table {
            let text = problems(&action);
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }

    #[test]
    fn the_weight_of_a_lone_group_means_nothing() {
        let mut action = Action::Forward(Forward::builder().target_group(group(), 100).build());
        action.normalize();
        assert_eq!(action, Action::forward(group()));
    }

    #[test]
    fn a_redirect_to_https_is_written_out() {
        let json = serde_json::to_string(&Action::redirect_to_https()).expect("JSON");
        let expected = r##"{"redirect":{"protocol":"HTTPS","port":"443","host":"#{host}","path":"/#{path}","query":"#{query}","status_code":"HTTP_301"}}"##;
        assert_eq!(json, expected);
    }
}
