// SPDX-License-Identifier: MIT OR Apache-2.0
//! Actions of listeners and rules: as they are given, kept and answered.

use super::check::{Sort, choice, constraint, invalid, number, required, truth};
use crate::sandbox::{error::ApiError, wire::Input};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many target groups one action can forward to.
const MOST_GROUPS: usize = 5;

const CONTENT_TYPES: [&str; 5] =
    ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// What authenticates before the request goes on: the type, the member that says how, and what that must have.
const AUTHENTICATIONS: [(&str, &str, &[&str]); 3] = [
    (
        "authenticate-oidc",
        "AuthenticateOidcConfig",
        &["Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId"],
    ),
    (
        "authenticate-cognito",
        "AuthenticateCognitoConfig",
        &["UserPoolArn", "UserPoolClientId", "UserPoolDomain"],
    ),
    ("jwt-validation", "JwtValidationConfig", &["JwksEndpoint", "Issuer"]),
];

/// An action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Action {
    order: Option<u32>,
    does: Does,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Does {
    /// To target groups with their weights; sticky for so many seconds.
    Forward { groups: Vec<(String, u32)>, sticky: Option<u32> },
    /// The `RedirectConfig`, whole.
    Redirect(Value),
    /// The `FixedResponseConfig`.
    FixedResponse(Value),
    /// One of [`AUTHENTICATIONS`], and its configuration.
    Authenticate(String, Value),
}

/// The actions of a request, for a listener of HTTPS or of HTTP.
pub(super) fn read(list: &[Value], https: bool) -> Result<Vec<Action>, ApiError> {
    let read = |value| Action::read(Input(value), https);
    let mut actions = list.iter().map(read).collect::<Result<Vec<Action>, ApiError>>()?;
    if actions.len() > 1 && actions.iter().any(|action| action.order.is_none()) {
        return Err(unfit("An order must be specified for each of several actions"));
    }
    actions.sort_by_key(|action| action.order);
    let routes = actions.iter().filter(|action| action.routes()).count();
    match actions.last() {
        Some(last) if routes == 1 && last.routes() && actions.len() <= 2 => Ok(actions),
        _ if routes > 1 || actions.len() > 2 => Err(ApiError::new(
            "TooManyActions",
            "A rule has exactly one of forward, redirect and fixed-response, and at most one action before it",
        )),
        _ => Err(unfit("The last action must be one of forward, redirect and fixed-response")),
    }
}

/// Actions as they are answered.
pub(super) fn described(actions: &[Action]) -> Value {
    actions.iter().map(Action::described).collect()
}

/// The target groups that actions forward to.
pub(super) fn groups(actions: &[Action]) -> impl Iterator<Item = &str> {
    actions
        .iter()
        .flat_map(|action| match &action.does {
            Does::Forward { groups, .. } => groups.as_slice(),
            _ => &[],
        })
        .map(|(group, _)| group.as_str())
}

impl Action {
    fn read(input: Input<'_>, https: bool) -> Result<Self, ApiError> {
        let types = ["forward", "redirect", "fixed-response"];
        let types: Vec<&str> = types.into_iter().chain(AUTHENTICATIONS.map(|(kind, _, _)| kind)).collect();
        required(input, "Type")?;
        let does = match choice(input, "Type", &types)?.unwrap_or_default() {
            "forward" => forward(input)?,
            "redirect" => Does::Redirect(redirect(config(input, "RedirectConfig")?, https)?),
            "fixed-response" => Does::FixedResponse(fixed_response(config(input, "FixedResponseConfig")?)?),
            kind => authenticate(kind, input, https)?,
        };
        Ok(Self { order: number(input, "Order", 1..=50_000)?, does })
    }

    fn routes(&self) -> bool {
        !matches!(self.does, Does::Authenticate(..))
    }

    fn described(&self) -> Value {
        let mut told = match &self.does {
            Does::Forward { groups, sticky } => described_forward(groups, *sticky),
            Does::Redirect(config) => json!({"Type": "redirect", "RedirectConfig": config}),
            Does::FixedResponse(config) => json!({"Type": "fixed-response", "FixedResponseConfig": config}),
            Does::Authenticate(kind, config) => {
                let member = AUTHENTICATIONS.iter().find(|(one, _, _)| one == kind);
                json!({"Type": kind, member.map_or("", |(_, member, _)| member): config})
            }
        };
        if let Some(order) = self.order {
            told["Order"] = order.into();
        }
        told
    }
}

/// Of a single target group AWS tells in both forms, whichever it was given in.
fn described_forward(groups: &[(String, u32)], sticky: Option<u32>) -> Value {
    let tuple = |(arn, weight): &(String, u32)| json!({"TargetGroupArn": arn, "Weight": weight});
    let config = json!({
        "TargetGroups": groups.iter().map(tuple).collect::<Value>(),
        "TargetGroupStickinessConfig": {"Enabled": sticky.is_some(), "DurationSeconds": sticky},
    });
    let single = match groups {
        [(arn, _)] => Some(arn),
        _ => None,
    };
    json!({"Type": "forward", "TargetGroupArn": single, "ForwardConfig": config})
}

fn config<'a>(input: Input<'a>, name: &str) -> Result<Input<'a>, ApiError> {
    input.object(name).ok_or_else(|| unfit(format!("{name} must be specified for an action of this type")))
}

fn unfit(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidLoadBalancerAction", message)
}

fn forward(input: Input<'_>) -> Result<Does, ApiError> {
    let (single, config) = (input.text("TargetGroupArn"), input.object("ForwardConfig"));
    let mut groups = Vec::new();
    for tuple in config.iter().flat_map(|config| config.objects("TargetGroups")) {
        let weight = number(tuple, "Weight", 0..=999)?.unwrap_or(1);
        groups.push((required(tuple, "TargetGroupArn")?.to_owned(), weight));
    }
    match single {
        Some(single) if groups.is_empty() => groups.push((single.to_owned(), 1)),
        Some(single) if groups.len() > 1 || groups[0].0 != single => {
            return Err(unfit("ForwardConfig and TargetGroupArn must name the same single target group"));
        }
        _ => {}
    }
    if groups.is_empty() {
        return Err(unfit("A target group must be specified for an action of the type forward"));
    }
    if groups.len() > MOST_GROUPS {
        return Err(unfit(format!("An action forwards to at most {MOST_GROUPS} target groups")));
    }
    for (n, (arn, _)) in groups.iter().enumerate() {
        Sort::TargetGroup.check(arn)?;
        if groups[..n].iter().any(|(other, _)| other == arn) {
            return Err(unfit(format!("Target group '{arn}' is specified more than once")));
        }
    }
    let sticky = match config.and_then(|config| config.object("TargetGroupStickinessConfig")) {
        Some(stickiness) => sticky(stickiness)?,
        None => None,
    };
    Ok(Does::Forward { groups, sticky })
}

fn sticky(stickiness: Input<'_>) -> Result<Option<u32>, ApiError> {
    let duration = number(stickiness, "DurationSeconds", 1..=604_800)?;
    match (truth(stickiness, "Enabled")?, duration) {
        (Some(true), None) => Err(invalid("DurationSeconds must be specified when stickiness is enabled")),
        (Some(true), duration) => Ok(duration),
        _ => Ok(None),
    }
}

fn redirect(config: Input<'_>, https: bool) -> Result<Value, ApiError> {
    let part = |name: &str, usual: &'static str| config.text(name).unwrap_or(usual).to_owned();
    let (protocol, port) = (part("Protocol", "#{protocol}"), part("Port", "#{port}"));
    let (host, path, query) = (part("Host", "#{host}"), part("Path", "/#{path}"), part("Query", "#{query}"));
    required(config, "StatusCode")?;
    let status = choice(config, "StatusCode", &["HTTP_301", "HTTP_302"])?;
    if !matches!(protocol.as_str(), "HTTP" | "HTTPS" | "#{protocol}") {
        let must = "satisfy regular expression pattern: ^(HTTPS?|#\\{protocol\\})$";
        return Err(constraint(&format!("'{protocol}'"), "redirectConfig.protocol", must));
    }
    if port != "#{port}" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(invalid(format!("Redirect port '{port}' must be between 1 and 65535, or #{{port}}")));
    }
    for (name, text, least) in [("host", &host, 1), ("path", &path, 1), ("query", &query, 0)] {
        if !(least..=128).contains(&text.len()) {
            let must = format!("have length between {least} and 128");
            return Err(constraint(&format!("'{text}'"), &format!("redirectConfig.{name}"), &must));
        }
    }
    if !path.starts_with('/') {
        return Err(invalid(format!("Redirect path '{path}' must begin with '/'")));
    }
    if https && protocol == "HTTP" {
        return Err(unfit("You cannot redirect HTTPS to HTTP"));
    }
    if protocol == "#{protocol}" && port == "#{port}" && host == "#{host}" && path == "/#{path}" {
        return Err(unfit("The redirect configuration is not valid because it creates a loop."));
    }
    Ok(json!({
        "Protocol": protocol, "Port": port, "Host": host, "Path": path, "Query": query, "StatusCode": status,
    }))
}

fn fixed_response(config: Input<'_>) -> Result<Value, ApiError> {
    let status = required(config, "StatusCode")?;
    let fits = status.len() == 3
        && status.bytes().all(|b| b.is_ascii_digit())
        && status.starts_with(['2', '4', '5']);
    if !fits {
        let must = "satisfy regular expression pattern: ^(2|4|5)\\d\\d$";
        return Err(constraint(&format!("'{status}'"), "fixedResponseConfig.statusCode", must));
    }
    let body = config.text("MessageBody");
    if body.is_some_and(|body| body.len() > 1024) {
        return Err(constraint(
            "too long",
            "fixedResponseConfig.messageBody",
            "have length less than or equal to 1024",
        ));
    }
    let content_type = choice(config, "ContentType", &CONTENT_TYPES)?;
    Ok(json!({"StatusCode": status, "ContentType": content_type, "MessageBody": body}))
}

fn authenticate(kind: &str, input: Input<'_>, https: bool) -> Result<Does, ApiError> {
    let found = AUTHENTICATIONS.iter().find(|(one, _, _)| *one == kind);
    let Some((_, member, needs)) = found else { return Err(unfit(format!("'{kind}' is not supported"))) };
    if !https {
        return Err(unfit(format!("An action of the type {kind} is for HTTPS listeners only")));
    }
    let given = config(input, member)?;
    for name in *needs {
        required(given, name)?;
    }
    let mut kept = given.0.clone();
    if kind != "jwt-validation" {
        for (name, usual) in [
            ("SessionCookieName", "AWSELBAuthSessionCookie"),
            ("Scope", "openid"),
            ("SessionTimeout", "604800"),
            ("OnUnauthenticatedRequest", "authenticate"),
        ] {
            if !given.has(name) {
                kept[name] = usual.into();
            }
        }
    }
    if let Some(kept) = kept.as_object_mut() {
        // Never told again.
        kept.remove("ClientSecret");
    }
    Ok(Does::Authenticate(kind.to_owned(), kept))
}
