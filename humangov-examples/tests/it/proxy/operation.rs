// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which operation of which service a request is.

use super::wire::Message;

/// How a service writes its requests and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Json,
    Query,
    Ec2,
    RestXml,
}

/// An operation of an AWS service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub service: &'static str,
    pub name: String,
    pub protocol: Protocol,
}

/// Signing name, our name, protocol.
const SERVICES: &[(&str, &str, Protocol)] = &[
    ("application-autoscaling", "autoscaling", Protocol::Json),
    ("dynamodb", "dynamodb", Protocol::Json),
    ("ec2", "ec2", Protocol::Ec2),
    ("ecr", "ecr", Protocol::Json),
    ("ecs", "ecs", Protocol::Json),
    ("elasticloadbalancing", "elbv2", Protocol::Query),
    ("iam", "iam", Protocol::Query),
    ("logs", "logs", Protocol::Json),
    ("s3", "s3", Protocol::RestXml),
    ("sts", "sts", Protocol::Query),
    ("tagging", "tagging", Protocol::Json),
];

/// Operations whose names begin so change nothing. All others count as writes, so that a new one is noticed.
const READS: &[&str] = &[
    "Assume",
    "BatchCheck",
    "BatchGet",
    "Describe",
    "Filter",
    "Get",
    "Head",
    "List",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "TransactGet",
    "Validate",
];

impl Operation {
    /// Reads the service out of the credential scope, and the operation from where the service's protocol has it.
    pub fn of(request: &Message) -> Self {
        let signed_for = request.header("Authorization").and_then(signing_name).unwrap_or_default();
        let known = SERVICES.iter().find(|(signing_name, ..)| *signing_name == signed_for);
        let (service, protocol) =
            known.map_or(("unknown", Protocol::RestXml), |(_, name, protocol)| (*name, *protocol));
        let name = match protocol {
            Protocol::Json => json_operation(request),
            Protocol::Query | Protocol::Ec2 => query_operation(request),
            Protocol::RestXml if service == "s3" => Some(s3_operation(request)),
            Protocol::RestXml => None,
        };
        Self { service, name: name.unwrap_or_else(|| "Unknown".to_owned()), protocol }
    }

    /// Whether the operation changes something.
    pub fn is_write(&self) -> bool {
        !READS.iter().any(|prefix| self.name.starts_with(prefix))
    }
}

/// `Credential=KEY/20260101/us-east-1/ecs/aws4_request, ..` is signed for `ecs`.
fn signing_name(authorization: &str) -> Option<&str> {
    authorization.split_once("Credential=")?.1.split('/').nth(3)
}

/// `X-Amz-Target: AmazonEC2ContainerServiceV20141113.CreateCluster`.
fn json_operation(request: &Message) -> Option<String> {
    let target = request.header("X-Amz-Target")?;
    Some(target.rsplit('.').next()?.to_owned())
}

/// `Action=CreateRole&..` in the form, or in the query of a GET.
fn query_operation(request: &Message) -> Option<String> {
    let form = String::from_utf8_lossy(&request.body);
    let (_, _, query) = request.request_line();
    let mut fields = form.split('&').chain(query.split('&'));
    fields.find_map(|field| field.strip_prefix("Action=")).map(str::to_owned)
}

/// Sub-resources of a bucket, and the noun in the names of their operations.
const BUCKET_PARTS: &[(&str, &str)] = &[
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

/// S3 has no name on the wire: method, path (buckets in the path, as with an address for an endpoint) and query tell.
fn s3_operation(request: &Message) -> String {
    let (method, path, query) = request.request_line();
    let fields: Vec<_> = query.split('&').map(|field| field.split_once('=').unwrap_or((field, ""))).collect();
    let field = |name: &str| fields.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    // The SDKs put the name there where method and path are ambiguous.
    if let Some(name) = field("x-id") {
        return name.to_owned();
    }
    let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let verb = match method {
        "GET" => "Get",
        "PUT" => "Put",
        "DELETE" => "Delete",
        other => other,
    };
    if key.is_empty() && !bucket.is_empty() {
        if let Some((_, noun)) = BUCKET_PARTS.iter().find(|(part, _)| field(part).is_some()) {
            return match (method, *noun) {
                ("DELETE", "BucketLifecycleConfiguration") => "DeleteBucketLifecycle".to_owned(),
                _ => format!("{verb}{noun}"),
            };
        }
    }
    let name = match (method, bucket.is_empty(), key.is_empty()) {
        ("GET", true, _) => "ListBuckets",
        ("GET", _, true) if field("versions").is_some() => "ListObjectVersions",
        ("GET", _, true) if field("uploads").is_some() => "ListMultipartUploads",
        ("GET", _, true) if field("list-type").is_some() => "ListObjectsV2",
        ("GET", _, true) => "ListObjects",
        ("HEAD", _, true) => "HeadBucket",
        ("PUT", _, true) => "CreateBucket",
        ("DELETE", _, true) => "DeleteBucket",
        ("POST", _, true) if field("delete").is_some() => "DeleteObjects",
        ("GET" | "PUT" | "DELETE", ..) if field("tagging").is_some() => return format!("{verb}ObjectTagging"),
        ("GET", ..) if field("attributes").is_some() => "GetObjectAttributes",
        ("GET", ..) if field("uploadId").is_some() => "ListParts",
        ("GET", ..) => "GetObject",
        ("HEAD", ..) => "HeadObject",
        ("PUT", ..) if field("partNumber").is_some() => "UploadPart",
        ("PUT", ..) if request.header("x-amz-copy-source").is_some() => "CopyObject",
        ("PUT", ..) => "PutObject",
        ("DELETE", ..) if field("uploadId").is_some() => "AbortMultipartUpload",
        ("DELETE", ..) => "DeleteObject",
        ("POST", ..) if field("uploads").is_some() => "CreateMultipartUpload",
        ("POST", ..) if field("uploadId").is_some() => "CompleteMultipartUpload",
        _ => "Unknown",
    };
    name.to_owned()
}
