// SPDX-License-Identifier: MIT OR Apache-2.0
//! RegisterTaskDefinition.

use super::{
    TaskDefinition, attributes,
    check::{self, Draft},
    defaults, shape,
};
use crate::sandbox::{
    error::ApiError,
    service::ecs::{refusal::client, tags},
    wire::Input,
    world::{Cx, epoch},
};
use serde_json::{Value, json};

/// Makes a new revision: also of what there is already.
pub(super) fn register(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let task = shape::TASK.read(input.0, "")?;
    let draft = Draft::new(Input(&task))?;
    check::check(&draft)?;
    if input.has("tags") && input.list("tags").is_empty() {
        return Err(client("Tags can not be empty."));
    }
    let tags = tags::given(input)?;
    let name = draft.task.text("family").unwrap_or_default();
    let family = cx.here.ecs.families.entry(name.to_owned()).or_default();
    family.last += 1;
    let revision = family.last;
    let arn = cx.arn("ecs", &format!("task-definition/{name}:{revision}"));
    let mut described = defaults::filled(&draft);
    described["taskDefinitionArn"] = arn.as_str().into();
    described["revision"] = revision.into();
    described["status"] = "ACTIVE".into();
    described["compatibilities"] = draft.compatibilities().into();
    described["requiresAttributes"] = attributes::required(&draft);
    described["registeredAt"] = epoch(cx.now);
    described["registeredBy"] = format!("arn:{}:iam::{}:user/sandbox", cx.partition(), cx.account).into();
    let definition = TaskDefinition { arn, status: "ACTIVE".to_owned(), tags, described, gone_at: None };
    let answer = json!({"taskDefinition": definition.described, "tags": tags::listed(&definition.tags)});
    if let Some(family) = cx.here.ecs.families.get_mut(name) {
        family.revisions.insert(revision, definition);
    }
    Ok(answer)
}
