// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is set of a cluster: Container Insights, ECS Exec, Service Connect.

use crate::sandbox::{
    error::ApiError,
    service::ecs::{
        refusal::invalid,
        shape::{
            Need::{Optional, Required},
            Shape,
        },
    },
    wire::Input,
    world::Cx,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CONFIGURATION: Shape = Shape::Object(&[
    ("executeCommandConfiguration", Optional, EXECUTE_COMMAND),
    (
        "managedStorageConfiguration",
        Optional,
        Shape::Object(&[
            ("kmsKeyId", Optional, Shape::Text),
            ("fargateEphemeralStorageKmsKeyId", Optional, Shape::Text),
        ]),
    ),
]);

const EXECUTE_COMMAND: Shape = Shape::Object(&[
    ("kmsKeyId", Optional, Shape::Text),
    ("logging", Optional, Shape::OneOf(&["NONE", "DEFAULT", "OVERRIDE"])),
    (
        "logConfiguration",
        Optional,
        Shape::Object(&[
            ("cloudWatchLogGroupName", Optional, Shape::Text),
            ("cloudWatchEncryptionEnabled", Optional, Shape::Truth),
            ("s3BucketName", Optional, Shape::Text),
            ("s3EncryptionEnabled", Optional, Shape::Truth),
            ("s3KeyPrefix", Optional, Shape::Text),
        ]),
    ),
]);

const SETTINGS: Shape = Shape::List(&Shape::Object(&[
    ("name", Required, Shape::OneOf(&["containerInsights"])),
    ("value", Required, Shape::OneOf(&["enhanced", "enabled", "disabled"])),
]));

const SERVICE_CONNECT: Shape = Shape::Object(&[("namespace", Required, Shape::Text)]);

/// What is set of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub insights: String,
    pub configuration: Option<Value>,
    /// The ARN of the namespace of Service Connect.
    pub namespace: Option<String>,
}

/// What a request says of it. What it does not say stays.
#[derive(Debug)]
pub(super) struct Given {
    pub insights: Option<String>,
    configuration: Option<Value>,
    namespace: Option<String>,
}

impl Default for Settings {
    /// As the account's settings have it, unless somebody changed those.
    fn default() -> Self {
        Self { insights: "disabled".to_owned(), configuration: None, namespace: None }
    }
}

impl Settings {
    pub(super) fn read(input: Input<'_>) -> Result<Given, ApiError> {
        let read =
            |name: &str, shape: &Shape| input.get(name).map(|value| shape.read(value, name)).transpose();
        let (settings, configuration) =
            (read("settings", &SETTINGS)?, read("configuration", &CONFIGURATION)?);
        if let Some(execute) = configuration.as_ref().and_then(|it| it.get("executeCommandConfiguration"))
            && (execute["logging"] == "OVERRIDE") != execute.get("logConfiguration").is_some()
        {
            return Err(invalid(
                "logConfiguration must be specified if and only if logging of the executeCommandConfiguration is OVERRIDE.",
            ));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let namespace =
            read("serviceConnectDefaults", &SERVICE_CONNECT)?.and_then(|it| text(&it["namespace"]));
        if namespace.as_ref().is_some_and(|name| !name.starts_with("arn:") && !is_namespace(name)) {
            return Err(invalid("The namespace name can't include <, >, double quotation marks or slashes."));
        }
        Ok(Given { insights: settings.and_then(|it| text(&it[0]["value"])), configuration, namespace })
    }

    pub(super) fn change(&mut self, cx: &mut Cx<'_>, given: Given) {
        if let Some(insights) = given.insights {
            self.insights = insights;
        }
        if let Some(configuration) = given.configuration {
            self.configuration = Some(configuration);
        }
        if let Some(namespace) = given.namespace {
            // An empty one takes the default away. What is named and not there, ECS makes.
            self.namespace = match namespace {
                none if none.is_empty() => None,
                arn if arn.starts_with("arn:") => Some(arn),
                _ => {
                    let id = cx.ids.base32(16).to_ascii_lowercase();
                    Some(cx.arn("servicediscovery", &format!("namespace/ns-{id}")))
                }
            };
        }
    }

    pub(super) fn listed(&self) -> Value {
        json!([{"name": "containerInsights", "value": self.insights}])
    }
}

fn is_namespace(name: &str) -> bool {
    name.len() <= 1024 && !name.contains(['<', '>', '"', '/'])
}
