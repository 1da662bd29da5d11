// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON Schema of the file, from the types of [`super::Config`].

use super::{Autoscaling, Config, Service};
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::transform_subschemas,
};
use serde_json::Value;

/// What can be set for a single state.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Override {
    /// Other images than those of all states.
    #[schemars(default)]
    images: ImagesOverride,
    /// Other settings of the service than those of all states.
    #[schemars(schema_with = "service_override", default)]
    service: (),
}

/// Other images than those of all states.
#[derive(JsonSchema, Default, serde::Serialize)]
#[schemars(deny_unknown_fields, default)]
pub(super) struct ImagesOverride {
    /// The application.
    app: String,
    /// The web server in front of it.
    nginx: String,
}

/// The schema of `humangov.toml`.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(|schema: &mut Schema| tidy(schema));
    settings.into_generator().into_root_schema_for::<Config>()
}

/// An amount of CPU or memory: a number, or text with a unit.
pub(super) fn amount(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "integer"], "minimum": 0 })
}

/// The settings of a service, without the defaults: those of all states stand in their place.
fn service_override(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = <Service as JsonSchema>::json_schema(generator);
    // Each key of it may stand alone, with the others set for all states.
    let mut autoscaling = <Autoscaling as JsonSchema>::json_schema(generator);
    autoscaling.remove("required");
    if let Some(found) = schema.pointer_mut("/properties/autoscaling") {
        *found = autoscaling.into();
    }
    without_defaults(&mut schema);
    schema.insert("description".to_owned(), "Other settings of the service than those of all states.".into());
    schema
}

fn without_defaults(schema: &mut Schema) {
    schema.remove("default");
    transform_subschemas(&mut without_defaults, schema);
}

/// Removes what says nothing in TOML: there is no null, numbers have no widths, and a section's default is its keys'.
fn tidy(schema: &mut Schema) {
    let says_nothing = |default: &Value| default.is_null() || default.is_object() || default == "";
    if schema.get("default").is_some_and(says_nothing) {
        schema.remove("default");
    }
    schema.remove("format");
    transform_subschemas(&mut tidy, schema);
}
