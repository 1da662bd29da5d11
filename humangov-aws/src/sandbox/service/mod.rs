// SPDX-License-Identifier: MIT OR Apache-2.0
//! The services: one module each, which models AWS and knows nothing of who calls.
//!
//! A module has its part of the world as one value (`Ecs`, `Iam`), `call`, which executes one operation, and `resources`, which
//! lists what there is. What moves by itself does so in `advance`, by the clock alone, before every call.

pub(super) mod autoscaling;
pub(super) mod dynamodb;
pub(super) mod ec2;
pub(super) mod ecr;
pub(super) mod ecs;
pub(super) mod elbv2;
pub(super) mod iam;
pub(super) mod logs;
mod page;
pub(super) mod s3;
pub(super) mod sts;
pub(super) mod tagging;

use super::{
    error::ApiError,
    wire::{Asked, Input, Protocol, Request, Response},
    world::{Cx, Tags, World},
};
use jiff::Timestamp;
use serde_json::Value;

/// A service by the name its requests are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    AutoScaling,
    DynamoDb,
    Ec2,
    Ecr,
    Ecs,
    Elbv2,
    Iam,
    Logs,
    S3,
    Sts,
    Tagging,
}

impl Service {
    pub(super) fn by_signing_name(name: &str) -> Option<Self> {
        Some(match name {
            "application-autoscaling" => Self::AutoScaling,
            "dynamodb" => Self::DynamoDb,
            "ec2" => Self::Ec2,
            "ecr" => Self::Ecr,
            "ecs" => Self::Ecs,
            "elasticloadbalancing" => Self::Elbv2,
            "iam" => Self::Iam,
            "logs" => Self::Logs,
            "s3" => Self::S3,
            "sts" => Self::Sts,
            "tagging" => Self::Tagging,
            _ => return None,
        })
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::AutoScaling | Self::DynamoDb | Self::Ecr | Self::Ecs | Self::Logs | Self::Tagging => {
                Protocol::Json
            }
            Self::Ec2 => Protocol::Ec2,
            Self::Elbv2 => Protocol::Query("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"),
            Self::Iam => Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/"),
            Self::Sts => Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::S3 => Protocol::Rest,
        }
    }

    /// What the service answers when it is called too often.
    pub(super) fn throttled(self) -> ApiError {
        let (code, status) = match self {
            Self::Ec2 => ("RequestLimitExceeded", 503),
            Self::S3 => ("SlowDown", 503),
            Self::Elbv2 | Self::Iam | Self::Sts => ("Throttling", 400),
            Self::Tagging => ("ThrottledException", 400),
            Self::AutoScaling | Self::DynamoDb | Self::Ecr | Self::Ecs | Self::Logs => {
                ("ThrottlingException", 400)
            }
        };
        ApiError::new(code, "Rate exceeded").with_status(status)
    }

    /// Executes one operation.
    fn call(self, cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
        match self {
            Self::AutoScaling => autoscaling::call(cx, operation, input),
            Self::DynamoDb => dynamodb::call(cx, operation, input),
            Self::Ec2 => ec2::call(cx, operation, input),
            Self::Ecr => ecr::call(cx, operation, input),
            Self::Ecs => ecs::call(cx, operation, input),
            Self::Elbv2 => elbv2::call(cx, operation, input),
            Self::Iam => iam::call(cx, operation, input),
            Self::Logs => logs::call(cx, operation, input),
            Self::Sts => sts::call(cx, operation, input),
            Self::Tagging => tagging::call(cx, operation, input),
            Self::S3 => Err(unknown(operation)),
        }
    }
}

/// Tells what a request asks for, without executing it.
pub(super) fn read(service: Service, request: &Request) -> Result<Asked, ApiError> {
    if service == Service::S3 {
        let (operation, input) = s3::read(request);
        return Ok(Asked { operation: operation.to_owned(), input });
    }
    service.protocol().read(request)
}

/// Executes a request, and tells what became of it: the answer and, where it was refused, the code; and what was answered as a
/// value, where the protocol has one.
pub(super) fn execute(
    world: &mut World,
    service: Service,
    request: &Request,
    read: &Asked,
    now: Timestamp,
    request_id: &str,
) -> (Response, Option<String>, Value) {
    let protocol = service.protocol();
    world.with(&request.region, now, |cx| {
        advance(cx);
        let answer = if service == Service::S3 {
            s3::call(cx, &read.operation, request).map(|response| (response, Value::Null))
        } else {
            service
                .call(cx, &read.operation, Input(&read.input))
                .map(|output| (protocol.write(&read.operation, &output, request_id), output))
        };
        match answer {
            Ok((response, output)) => (response, None, output),
            Err(error) if service == Service::S3 => {
                (s3::refusal(request, &error, request_id), Some(error.code), Value::Null)
            }
            Err(error) => (protocol.write_error(&error, request_id), Some(error.code), Value::Null),
        }
    })
}

/// Lets what moves by itself get to where it is by now.
pub(super) fn advance(cx: &mut Cx<'_>) {
    ecs::advance(cx);
    autoscaling::advance(cx);
    ec2::advance(cx);
}

/// What a service answers to an operation that is not modelled.
pub(super) fn unknown(operation: &str) -> ApiError {
    ApiError::new("UnknownOperationException", format!("the sandbox does not model {operation}"))
}

/// Something that exists, for those who look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// `ecs.service`: the kind where there is one, else a name of that form.
    pub kind: &'static str,
    pub name: String,
    pub arn: String,
    pub tags: Tags,
    pub settings: Value,
}

/// Everything there is in a region and in the account.
pub(super) fn resources(world: &mut World, region: &str, now: Timestamp) -> Vec<Found> {
    world.with(region, now, |cx| {
        advance(cx);
        found(cx)
    })
}

/// Everything that a call sees.
fn found(cx: &mut Cx<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for list in [
        autoscaling::resources,
        dynamodb::resources,
        ec2::resources,
        ecr::resources,
        ecs::resources,
        elbv2::resources,
        iam::resources,
        logs::resources,
        s3::resources,
    ] {
        found.extend(list(cx));
    }
    found
}
