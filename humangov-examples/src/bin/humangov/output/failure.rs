// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Failure`]: why a command ended early, what to do about it, and with which code.

use super::{BAD, advice::advice, document, print, say};
use crate::{config::ConfigError, exit::Exit};
use humangov_core::{
    event::ErrorReport,
    exec::{ExecError, ExecErrorKind},
    fleet::{FleetError, FleetErrorKind},
    store::{StoreError, StoreErrorKind},
};
use serde_json::{Value, json};
use std::{error::Error, fmt::Write};

/// A command that could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    code: &'static str,
    message: String,
    hints: Vec<String>,
    details: Option<Box<Value>>,
}

impl Failure {
    /// What went wrong, without what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Refused before anything was touched.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, code, message)
    }

    /// Any other end.
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), hints: Vec::new(), details: None }
    }

    /// The same failure, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure, with `value` under `name` in its document.
    #[must_use]
    pub fn about(mut self, name: &str, value: Value) -> Self {
        let details = self.details.get_or_insert_with(|| Box::new(json!({})));
        details[name] = value;
        self
    }

    /// The code to end with.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells it: as a document on standard output with `--json`, else in words on standard error.
    pub fn tell(&self, as_json: bool) {
        if as_json {
            let mut error = json!({ "code": self.code, "message": self.message, "exit": self.exit.name() });
            if !self.hints.is_empty() {
                error["hints"] = json!(self.hints);
            }
            if let Some(Value::Object(details)) = self.details.as_deref()
                && let Value::Object(error) = &mut error
            {
                error.extend(details.clone());
            }
            drop(print(&format!("{:#}", document(json!({ "error": error })))));
            return;
        }
        say(&self.to_text());
    }

    fn to_text(&self) -> String {
        let mut text = format!("{BAD}error{BAD:#}: {}", self.message);
        for hint in &self.hints {
            let _ = write!(text, "\n  do: {hint}");
        }
        text
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let mut failure = Self::refused("config.invalid", error.to_string());
        failure.details = Some(Box::new(json!({ "file": error.file(), "problems": error.problems() })));
        failure
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit =
            if matches!(error.kind(), StoreErrorKind::Locked { .. }) { Exit::Locked } else { Exit::Error };
        let StoreErrorKind::CorruptLock { stack, place, why } = error.kind() else {
            return Self::new(exit, error.code(), chain(&error));
        };
        let told =
            format!("the lock of {stack} is damaged, so who holds it is not known\n    {place}: {why}");
        Self::new(exit, error.code(), told)
            .hint(format!("see that nobody works on it; then: humangov unlock --force {stack}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Error, "cli.io", format!("could not write the result: {error}"))
    }
}

impl From<FleetError> for Failure {
    fn from(error: FleetError) -> Self {
        match error.kind() {
            FleetErrorKind::Store(error) => error.clone().into(),
            FleetErrorKind::Exec(error) => error.clone().into(),
            FleetErrorKind::Refresh(refresh) => {
                let mut message = "could not read what is there".to_owned();
                for (stack, address, error) in refresh.failures() {
                    let call = failed_call(stack.as_str(), address.as_str(), &error.into());
                    let _ = write!(message, "\n{call}");
                }
                Self::new(Exit::Error, refresh.code(), message)
            }
            _ => Self::refused(error.code(), error.to_string()),
        }
    }
}

impl From<ExecError> for Failure {
    fn from(error: ExecError) -> Self {
        match error.kind() {
            ExecErrorKind::Store(error) => error.clone().into(),
            ExecErrorKind::Journal { .. } => Self::new(Exit::Error, error.code(), chain(&error)),
            ExecErrorKind::InDoubt { run, steps } => {
                let mut message = format!("what run {run} left in doubt could not be looked up");
                for (address, error) in steps {
                    let _ = write!(message, "\n{}", failed_call("", address.as_str(), error));
                }
                Self::new(Exit::Error, error.code(), message)
                    .hint("run it again once the cause is gone: nothing was changed meanwhile")
            }
            _ => Self::refused(error.code(), chain(&error)),
        }
    }
}

/// A call that failed: where, what, AWS's code and words, what is likely wrong and what to do.
pub fn failed_call(stack: &str, address: &str, error: &ErrorReport) -> String {
    let mut text = format!("{BAD}✗{BAD:#} {stack}  {address}  {} failed", error.operation);
    if let Some(code) = &error.aws_code {
        let _ = write!(text, ": {code}");
    }
    if let Some(id) = &error.request_id {
        let _ = write!(text, " (request {id})");
    }
    for line in error.message.lines().filter(|line| !line.trim().is_empty()) {
        let _ = write!(text, "\n    {line}");
    }
    for line in &error.details {
        let _ = write!(text, "\n    {line}");
    }
    if let Some(advice) = advice(error) {
        let _ = write!(text, "\n    likely: {}\n    do:     {}", advice.likely, advice.action);
    }
    text
}

/// An error and what caused it, each said once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use humangov_core::handler::{HandlerError, HandlerErrorKind};

    fn shown(error: &HandlerError) -> String {
        anstream::adapter::strip_str(&failed_call("california", "ecs.service/app", &error.into())).to_string()
    }

    #[test]
    fn a_missing_permission_is_told_with_what_to_allow() {
        let message = "User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: iam:PassRole on resource: \
                       arn:aws:iam::123456789012:role/humangov-california-task because no identity-based policy allows it";
        let error = HandlerError::new(HandlerErrorKind::AccessDenied, "CreateService", message)
            .with_aws_code("AccessDeniedException")
            .with_request_id("5f2c");
        insta::assert_snapshot!(shown(&error), @"
        ✗ california  ecs.service/app  CreateService failed: AccessDeniedException (request 5f2c)
            User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/humangov-california-task because no identity-based policy allows it
            likely: the credentials lack iam:PassRole
            do:     allow iam:PassRole on arn:aws:iam::123456789012:role/humangov-california-task with the condition iam:PassedToService = ecs-tasks.amazonaws.com
        ");
    }

    #[test]
    fn what_is_known_besides_follows_line_by_line() {
        let error = HandlerError::new(
            HandlerErrorKind::Failed,
            "the deployment ecs-svc/8157",
            "circuit breaker, 3 tasks stopped",
        )
        .with_details(vec!["app    exited 3".to_owned(), "back at humangov-california:7".to_owned()]);
        insta::assert_snapshot!(shown(&error), @"
        ✗ california  ecs.service/app  the deployment ecs-svc/8157 failed
            circuit breaker, 3 tasks stopped
            app    exited 3
            back at humangov-california:7
        ");
    }

    #[test]
    fn a_chain_says_everything_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not save")]
        struct Outer(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("disk full")]
        struct Inner;
        assert_eq!(chain(&Outer(Inner)), "could not save: disk full");
    }
}
