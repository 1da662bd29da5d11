// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a failed call most likely means, and what to do about it.

use humangov_core::event::ErrorReport;

/// A guess and a remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) likely: String,
    pub(super) action: String,
}

/// The advice for `error`, where there is any better than its own words.
pub(super) fn advice(error: &ErrorReport) -> Option<Advice> {
    let aws_code = error.aws_code.as_deref().unwrap_or_default();
    let (likely, action) = match (error.code.as_str(), aws_code) {
        (_, "ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => (
            "the credentials have expired".to_owned(),
            "sign in again, such as with: aws sso login".to_owned(),
        ),
        (
            _,
            "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" | "AuthFailure",
        ) => (
            "the credentials are wrong, or of another partition or endpoint".to_owned(),
            "see whose they are with: aws sts get-caller-identity".to_owned(),
        ),
        (_, "OptInRequired") => (
            "the region is not enabled for the account".to_owned(),
            "enable it in the account's settings, or choose another".to_owned(),
        ),
        ("handler.access_denied", _) => denied(error)?,
        ("handler.throttled", _) => (
            "other work in the account uses up the same API's rate".to_owned(),
            "run it again later, or with a smaller --concurrency".to_owned(),
        ),
        ("handler.quota", _) => (
            "a quota of the account is used up".to_owned(),
            "remove what is not needed, or ask for more in the Service Quotas console".to_owned(),
        ),
        ("handler.not_empty", _) => (
            "it holds data that nobody asked to delete".to_owned(),
            "give --delete-data if the data may go for ever".to_owned(),
        ),
        ("handler.timed_out", _) => (
            "it is slower than usual, or waits for something that never comes".to_owned(),
            "look at what it said last; give it longer with --timeout".to_owned(),
        ),
        // The SDK tells of absent credentials as of a failed connection: to the place it looked for them last.
        ("handler.transient", _)
            if error.message.contains("IMDS") || error.message.contains("credential") =>
        {
            (
                "no credentials were found".to_owned(),
                "sign in (such as with aws sso login), or choose a profile with --profile or AWS_PROFILE"
                    .to_owned(),
            )
        }
        ("handler.transient", _) if error.message.contains("connection") => (
            "the endpoint cannot be reached from here".to_owned(),
            "check the network, the region and --endpoint-url".to_owned(),
        ),
        _ => return None,
    };
    Some(Advice { likely, action })
}

/// What to allow, from AWS's own words: `… is not authorized to perform: iam:PassRole on resource: arn:…`.
fn denied(error: &ErrorReport) -> Option<(String, String)> {
    let word_after = |mark: &str| {
        let rest = error.message.split_once(mark)?.1;
        rest.split_whitespace().next().map(|word| word.trim_end_matches(['.', ',']))
    };
    let action = word_after("not authorized to perform: ")?;
    let resource = word_after(" on resource: ").map_or_else(String::new, |arn| format!(" on {arn}"));
    if error.message.contains("explicit deny") {
        return Some((
            format!(
                "a policy denies {action} explicitly: a service control policy, a boundary or one of the user's own"
            ),
            format!("have whoever owns that policy except {action}{resource}"),
        ));
    }
    let condition = match action {
        "iam:PassRole" => " with the condition iam:PassedToService = ecs-tasks.amazonaws.com",
        _ => "",
    };
    Some((format!("the credentials lack {action}"), format!("allow {action}{resource}{condition}")))
}
