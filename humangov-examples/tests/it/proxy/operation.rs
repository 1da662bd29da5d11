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
    let (bucket, key) =
        path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let verb = match method {
        "GET" => "Get",
        "PUT" => "Put",
        "DELETE" => "Delete",
        other => other,
    };
    let part =
        BUCKET_PARTS.iter().find(|(part, _)| key.is_empty() && !bucket.is_empty() && field(part).is_some());
    match part {
        Some((_, "BucketLifecycleConfiguration")) if method == "DELETE" => {
            return "DeleteBucketLifecycle".to_owned();
        }
        Some((_, noun)) => return format!("{verb}{noun}"),
        None => {}
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
        ("GET" | "PUT" | "DELETE", ..) if field("tagging").is_some() => {
            return format!("{verb}ObjectTagging");
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(service: &str, head: &str, body: &str) -> Operation {
        let scope =
            format!("Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/{service}/aws4_request");
        let text =
            format!("{head}\r\n{scope}, SignedHeaders=host\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Operation::of(&Message::read_request(&mut text.as_bytes(), &mut Vec::new()).unwrap().unwrap())
    }

    #[test]
    fn s3_operations_are_told_from_method_path_and_query() {
        for (head, name, write) in [
            ("GET / HTTP/1.1", "ListBuckets", false),
            ("PUT /b HTTP/1.1", "CreateBucket", true),
            ("HEAD /b HTTP/1.1", "HeadBucket", false),
            ("DELETE /b/ HTTP/1.1", "DeleteBucket", true),
            ("PUT /b?tagging HTTP/1.1", "PutBucketTagging", true),
            ("GET /b?lifecycle HTTP/1.1", "GetBucketLifecycleConfiguration", false),
            ("DELETE /b?lifecycle HTTP/1.1", "DeleteBucketLifecycle", true),
            ("GET /b?list-type=2&prefix=x HTTP/1.1", "ListObjectsV2", false),
            ("GET /b?versions HTTP/1.1", "ListObjectVersions", false),
            ("POST /b?delete HTTP/1.1", "DeleteObjects", true),
            ("PUT /b/k/e/y?x-id=PutObject HTTP/1.1", "PutObject", true),
            ("GET /b/k?versionId=1 HTTP/1.1", "GetObject", false),
            ("PUT /b/k?tagging HTTP/1.1", "PutObjectTagging", true),
            ("PUT /b/k?partNumber=1&uploadId=u HTTP/1.1", "UploadPart", true),
        ] {
            let operation = operation("s3", head, "");
            assert_eq!((operation.name.as_str(), operation.is_write()), (name, write), "{head}");
        }
    }

    #[test]
    fn other_services_name_their_operations() {
        let json = operation(
            "ecs",
            "POST / HTTP/1.1\r\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.CreateCluster",
            "{}",
        );
        assert_eq!((json.service, json.name.as_str()), ("ecs", "CreateCluster"));
        let query =
            operation("elasticloadbalancing", "POST / HTTP/1.1", "Version=1&Action=DescribeRules&X=y");
        assert_eq!((query.service, query.name.as_str()), ("elbv2", "DescribeRules"));
        assert_eq!(operation("sqs", "POST / HTTP/1.1", "Action=X").name, "Unknown");
    }
}
