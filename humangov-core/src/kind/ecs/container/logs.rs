// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a container's output goes.

use crate::{kind::ecs::constants::constants, resource::Violations, value::Input};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// Where a container's output goes: a log driver and its options.
///
/// ```
/// use humangov_core::kind::ecs::{LogConfiguration, LogDriver};
/// // Never loses a line, but makes the application wait when CloudWatch does.
/// let sure = LogConfiguration::awslogs("/humangov/california", "us-east-1", "app").blocking();
/// // Never makes it wait, but loses lines once 25 MB have piled up.
/// let quick = LogConfiguration::awslogs("/humangov/california", "us-east-1", "app").non_blocking("25m");
/// // Any other driver.
/// let routed = LogConfiguration::builder().log_driver(LogDriver::Awsfirelens).option("Name", "s3").build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Sets an option of the driver.
        pub fn option(&mut self, name: impl Into<String>, value: impl Into<Input<String>>) {
            self.options.insert(name.into(), value.into());
        }
        /// Sets an option of the driver to a secret: the ARN of a Secrets Manager secret or an SSM parameter.
        pub fn secret_option(&mut self, name: impl Into<String>, value_from: impl Into<Input<String>>) {
            self.secret_options.insert(name.into(), value_from.into());
        }
    )
)]
pub struct LogConfiguration {
    /// The driver; on Fargate `awslogs`, `splunk` or `awsfirelens`.
    pub log_driver: LogDriver,
    /// Its options.
    #[builder(via_mutators)]
    #[serde(default)]
    pub options: BTreeMap<String, Input<String>>,
    /// Options whose values are secrets: option to ARN, or name of an SSM parameter.
    #[builder(via_mutators)]
    #[serde(default)]
    pub secret_options: BTreeMap<String, Input<String>>,
}

constants! {
    /// A log driver.
    #[non_exhaustive]
    pub enum LogDriver {
        /// CloudWatch Logs.
        Awslogs = "awslogs",
        /// A log router in the same task.
        Awsfirelens = "awsfirelens",
        /// Splunk.
        Splunk = "splunk",
        /// Fluentd.
        Fluentd = "fluentd",
        /// Graylog Extended Format.
        Gelf = "gelf",
        /// The host's journal.
        Journald = "journald",
        /// Files on the host.
        JsonFile = "json-file",
        /// Syslog.
        Syslog = "syslog",
    }
}

const GROUP: &str = "awslogs-group";
const REGION: &str = "awslogs-region";
const STREAM_PREFIX: &str = "awslogs-stream-prefix";
const DATETIME_FORMAT: &str = "awslogs-datetime-format";
const MULTILINE_PATTERN: &str = "awslogs-multiline-pattern";
const MODE: &str = "mode";
const MAX_BUFFER_SIZE: &str = "max-buffer-size";

/// The options that ECS lets through to `awslogs`.
const AWSLOGS_OPTIONS: [&str; 8] = [
    "awslogs-create-group",
    DATETIME_FORMAT,
    GROUP,
    MULTILINE_PATTERN,
    REGION,
    STREAM_PREFIX,
    MAX_BUFFER_SIZE,
    MODE,
];

impl LogConfiguration {
    /// To the log group `group` of CloudWatch Logs in `region`; the streams are `stream_prefix/container/task`.
    ///
    /// The group must exist: the managed policy of execution roles does not let ECS create one.
    pub fn awslogs(
        group: impl Into<Input<String>>,
        region: impl Into<Input<String>>,
        stream_prefix: impl Into<Input<String>>,
    ) -> Self {
        Self::builder()
            .log_driver(LogDriver::Awslogs)
            .option(GROUP, group)
            .option(REGION, region)
            .option(STREAM_PREFIX, stream_prefix)
            .build()
    }

    /// The same, making the application wait when output cannot be delivered: no line is lost.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.options.insert(MODE.to_owned(), "blocking".into());
        self.options.remove(MAX_BUFFER_SIZE);
        self
    }

    /// The same, losing lines once `max_buffer_size` (such as `25m`) of them wait: the application never does.
    ///
    /// AWS's own default since June 2025, with 10 MB.
    #[must_use]
    pub fn non_blocking(mut self, max_buffer_size: impl Into<String>) -> Self {
        self.options.insert(MODE.to_owned(), "non-blocking".into());
        self.options.insert(MAX_BUFFER_SIZE.to_owned(), Input::Known(max_buffer_size.into()));
        self
    }

    pub(super) fn validate(&self, on_fargate: bool, found: &mut Violations) {
        if on_fargate {
            found.check(
                matches!(self.log_driver, LogDriver::Awslogs | LogDriver::Splunk | LogDriver::Awsfirelens),
                "log_driver",
                || "Fargate has awslogs, splunk and awsfirelens only",
            );
        }
        let has = |option: &str| {
            let given = self.options.get(option).or_else(|| self.secret_options.get(option));
            given.is_some_and(|value| value.known().is_none_or(|text| !text.is_empty()))
        };
        let mut require = |option: &str, why: &str| {
            found.check(has(option), &format!("options.{option}"), || {
                format!("{why} needs the option {option}")
            });
        };
        match self.log_driver {
            LogDriver::Awslogs => {
                require(GROUP, "awslogs");
                require(REGION, "awslogs");
                if on_fargate {
                    require(STREAM_PREFIX, "awslogs on Fargate");
                }
                for option in self.options.keys().chain(self.secret_options.keys()) {
                    found.check(
                        AWSLOGS_OPTIONS.contains(&option.as_str()),
                        &format!("options.{option}"),
                        || format!("not an option of awslogs; allowed are {}", AWSLOGS_OPTIONS.join(", ")),
                    );
                }
                found.check(
                    !(has(DATETIME_FORMAT) && has(MULTILINE_PATTERN)),
                    &format!("options.{MULTILINE_PATTERN}"),
                    || format!("{DATETIME_FORMAT} is set too; only one of them can be"),
                );
            }
            LogDriver::Splunk => {
                require("splunk-token", "splunk");
                require("splunk-url", "splunk");
            }
            _ => {}
        }
        let known = |option: &str| self.options.get(option).and_then(Input::known);
        if let Some(mode) = known(MODE) {
            found.check(
                mode == "blocking" || mode == "non-blocking",
                "options.mode",
                || "allowed are blocking and non-blocking",
            );
            found.check(
                !(mode == "blocking" && has(MAX_BUFFER_SIZE)),
                "options.max-buffer-size",
                || "there is a buffer in mode non-blocking only",
            );
        }
        if let Some(size) = known(MAX_BUFFER_SIZE) {
            let digits = size.trim_end_matches(|c: char| "kKmMgG".contains(c));
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            found.check(
                plain && size.len() - digits.len() <= 1,
                "options.max-buffer-size",
                || "a size is a whole number and perhaps k, m or g, such as 25m",
            );
        }
    }
}

/// What makes a container the log router of its task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Sets an option of the router, such as `enable-ecs-log-metadata`.
        pub fn option(&mut self, name: impl Into<String>, value: impl Into<String>) {
            self.options.insert(name.into(), value.into());
        }
    )
)]
pub struct FirelensConfiguration {
    /// The router.
    pub firelens_type: FirelensType,
    /// Its options; on Fargate `config-file-type` can only be `file`.
    #[builder(via_mutators)]
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

constants! {
    /// A log router.
    pub enum FirelensType {
        /// Fluentd.
        Fluentd = "fluentd",
        /// Fluent Bit.
        Fluentbit = "fluentbit",
    }
}
