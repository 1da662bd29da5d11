// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`classify`]: the only place where AWS error codes become kinds of failure.

use crate::lease_check::NotSent;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use humangov_core::handler::{Effect, HandlerError, HandlerErrorKind as Kind};

/// The services whose codes are told apart: the same code means different things in different services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Application Auto Scaling.
    AutoScaling,
    /// DynamoDB.
    DynamoDb,
    /// EC2.
    Ec2,
    /// ECR.
    Ecr,
    /// ECS.
    Ecs,
    /// Elastic Load Balancing.
    Elbv2,
    /// IAM.
    Iam,
    /// CloudWatch Logs.
    Logs,
    /// S3.
    S3,
    /// STS.
    Sts,
}

/// What `error`, the answer to `operation` of `service`, means for the engine.
pub fn classify<E>(
    service: Service,
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
) -> HandlerError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let header = |name: &str| {
        error.raw_response().and_then(|response| response.headers().get(name)).map(str::to_owned)
    };
    let request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
    let code = error.code().map(str::to_owned);
    let message = match (error.message(), &error) {
        (Some(message), _) => message.to_owned(),
        (None, SdkError::TimeoutError(_)) => "no answer in time; it may have worked".to_owned(),
        (None, SdkError::DispatchFailure(failure)) => {
            let what = if failure.is_timeout() { "timed out" } else { "failed" };
            let cause = failure.as_connector_error().map(|error| deepest(error)).unwrap_or_default();
            format!("the connection {what}: {cause}")
        }
        (None, SdkError::ConstructionFailure(_)) => {
            format!("the request could not be built: {}", deepest(&error))
        }
        (None, _) if status.is_some_and(|status| status < 300) => {
            format!("the answer could not be read: {}", deepest(&error))
        }
        (None, _) => status.map_or_else(String::new, |status| format!("HTTP status {status} without a code")),
    };
    if let Some(not_sent) = NotSent::behind(&error) {
        let (message, effect) = (not_sent.to_string(), not_sent.effect());
        return HandlerError::new(Kind::LeaseLost, operation, message).with_effect(effect).with_source(error);
    }
    let (kind, effect) = match &error {
        SdkError::ConstructionFailure(_) => (Kind::Invalid, Effect::None),
        SdkError::DispatchFailure(failure) if failure.is_user() => (Kind::Invalid, Effect::None),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => (Kind::Transient, Effect::Unknown),
        SdkError::ResponseError(_) if code.is_none() && status.is_none_or(|status| status < 300) => {
            (Kind::Malformed, Effect::Unknown)
        }
        _ => of_code(service, code.as_deref(), &message, status),
    };
    let mut classified = HandlerError::new(kind, operation, message).with_effect(effect);
    if let Some(code) = code {
        classified = classified.with_aws_code(code);
    }
    if let Some(id) = request_id {
        classified = classified.with_request_id(id);
    }
    classified.with_source(error)
}

/// The last error of the chain: the one that says what really happened.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn of_code(service: Service, code: Option<&str>, message: &str, status: Option<u16>) -> (Kind, Effect) {
    let Some(code) = code else {
        // Some gateways and emulators answer in another protocol's shape: then only the status tells.
        return match status {
            // It worked, and then its answer could not be read.
            Some(status) if status < 300 => (Kind::Malformed, Effect::Unknown),
            Some(401 | 403) => (Kind::AccessDenied, Effect::None),
            Some(404) => (Kind::NotFound, Effect::None),
            Some(429) => (Kind::Throttled, Effect::None),
            Some(status) if status < 500 => (Kind::Other, Effect::None),
            _ => (Kind::Transient, Effect::Unknown),
        };
    };
    if let Some(kind) = of_service(service, code, message) {
        return (kind, Effect::None);
    }
    let kind = match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedAccess"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "OptInRequired"
        | "BlockedException" => Kind::AccessDenied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "ProvisionedThroughputExceededException" => Kind::Throttled,
        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceException"
        | "ServerException"
        | "ServiceFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "Unavailable"
        | "RequestTimeout"
        | "RequestTimeoutException" => return (Kind::Transient, Effect::Unknown),
        "LimitExceededException" | "LimitExceeded" | "ServiceQuotaExceededException" => Kind::Quota,
        "ValidationError"
        | "ValidationException"
        | "InvalidParameterException"
        | "InvalidParameterValue"
        | "InvalidInput"
        | "MalformedPolicyDocument"
        | "InvalidRequestException"
        | "ClientException" => Kind::Invalid,
        _ if status.is_some_and(|status| status >= 500) => return (Kind::Transient, Effect::Unknown),
        _ => Kind::Other,
    };
    (kind, Effect::None)
}

/// What a code means in one service only.
fn of_service(service: Service, code: &str, message: &str) -> Option<Kind> {
    match service {
        Service::AutoScaling => return of_autoscaling(code, message),
        Service::DynamoDb => return of_dynamodb(code, message),
        Service::Ec2 => return of_ec2(code),
        Service::Ecr => return of_ecr(code, message),
        Service::Ecs => return of_ecs(code, message),
        Service::Elbv2 => return of_elbv2(code, message),
        Service::Iam => return of_iam(code, message),
        Service::S3 => return of_s3(code),
        _ => {}
    }
    Some(match (service, code) {
        (Service::Logs, "ResourceAlreadyExistsException") => Kind::AlreadyExists,
        (Service::Logs, "ResourceNotFoundException") => Kind::NotFound,
        // Another change of the same group is under way.
        (Service::Logs, "OperationAbortedException") => Kind::NotYet,
        _ => {
            let _ = message;
            return None;
        }
    })
}

fn of_autoscaling(code: &str, message: &str) -> Option<Kind> {
    Some(match code {
        "ObjectNotFoundException" => Kind::NotFound,
        // Another change of the same target is under way.
        "ConcurrentUpdateException" => Kind::NotYet,
        // The service was made a moment ago, or the service-linked role was.
        "ValidationException"
            if message.contains("service doesn't exist") || message.contains("nable to assume") =>
        {
            Kind::NotYet
        }
        // One with tags, which only a new target takes: a create that was sent twice says so.
        "ValidationException" if message.contains("already exists") => Kind::AlreadyExists,
        "FailedResourceAccessException" => Kind::AccessDenied,
        _ => return None,
    })
}

/// ECS has one code, or two, for everything wrong with a request; often only its words tell what it is.
fn of_ecs(code: &str, message: &str) -> Option<Kind> {
    let says = |part: &str| message.contains(part);
    Some(match code {
        "ClientException" if says("nable to describe task definition") => Kind::NotFound,
        "ClientException" if says("oo many concurrent attempts") => Kind::NotYet,
        // AWS answers the one, an emulator the other.
        "InvalidParameterException" | "ClientException" if says("not idempotent") => Kind::AlreadyExists,
        "InvalidParameterException"
            if [
                // Roles, and the rights of roles, take a while to be seen everywhere.
                "verify that the ECS service role being passed has the proper permissions",
                "nable to assume the service linked role",
                "nable to assume the configured ECS Infrastructure Role",
                // The listener or rule of a target group was made a moment ago.
                "does not have an associated load balancer",
                // A service holds its name until its last task has stopped.
                "still Draining",
                // What has to end before a service can be deleted.
                "cannot be stopped while deployments are active",
                "has a dependent object",
            ]
            .into_iter()
            .any(says) =>
        {
            Kind::NotYet
        }
        "ClusterNotFoundException" | "ServiceNotFoundException" | "ServiceNotActiveException" => {
            Kind::NotFound
        }
        // Services and tasks count until the last of them is gone.
        "ClusterContainsServicesException"
        | "ClusterContainsTasksException"
        | "ClusterContainsCapacityProviderException"
        | "UpdateInProgressException" => Kind::NotYet,
        "ClusterContainsContainerInstancesException"
        | "ResourceInUseException"
        | "PlatformUnknownException"
        | "PlatformTaskDefinitionIncompatibilityException"
        | "UnsupportedFeatureException" => Kind::Invalid,
        _ => return None,
    })
}

fn of_dynamodb(code: &str, message: &str) -> Option<Kind> {
    Some(match code {
        "ResourceInUseException" if message.contains("already exists") => Kind::AlreadyExists,
        "ResourceInUseException" | "TableInUseException" | "ContinuousBackupsUnavailableException" => {
            Kind::NotYet
        }
        "ResourceNotFoundException" | "TableNotFoundException" => Kind::NotFound,
        // One code for so many tables at work at the same time, and for so many tables in all.
        "LimitExceededException" if message.contains("simultaneous") => Kind::Throttled,
        _ => return None,
    })
}

fn of_ec2(code: &str) -> Option<Kind> {
    Some(match code {
        "InvalidGroup.Duplicate" | "InvalidPermission.Duplicate" => Kind::AlreadyExists,
        "DependencyViolation" | "InvalidGroup.InUse" => Kind::NotYet,
        "InvalidGroup.NotFound"
        | "InvalidGroupId.Malformed"
        | "InvalidPermission.NotFound"
        | "InvalidSecurityGroupID.NotFound"
        | "InvalidSecurityGroupId.NotFound"
        | "InvalidSubnetID.NotFound"
        | "InvalidSubnetID.Malformed"
        | "InvalidSubnetId.Malformed"
        | "InvalidVpcID.Malformed"
        | "InvalidVpcID.NotFound" => Kind::NotFound,
        "RulesPerSecurityGroupLimitExceeded" | "SecurityGroupLimitExceeded" => Kind::Quota,
        "InvalidParameter"
        | "InvalidParameterCombination"
        | "InvalidPermission.Malformed"
        | "MissingParameter" => Kind::Invalid,
        _ => return None,
    })
}

fn of_s3(code: &str) -> Option<Kind> {
    Some(match code {
        "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => Kind::AlreadyExists,
        "NoSuchBucket" | "NotFound" | "NoSuchUpload" | "NoSuchKey" => Kind::NotFound,
        code if NOT_SET.contains(&code) => Kind::NotFound,
        "BucketNotEmpty" => Kind::NotEmpty,
        // Another change of the same bucket is under way, or its deletion is not known everywhere yet.
        "OperationAborted" | "ConditionalRequestConflict" => Kind::NotYet,
        "Forbidden" | "AllAccessDisabled" => Kind::AccessDenied,
        "TooManyBuckets" => Kind::Quota,
        "AccessControlListNotSupported"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "InvalidArgument"
        | "InvalidBucketName"
        | "InvalidLocationConstraint"
        | "InvalidRequest"
        | "InvalidTag"
        | "MalformedPolicy"
        | "MalformedXML"
        | "PermanentRedirect"
        | "UnsupportedArgument" => Kind::Invalid,
        _ => return None,
    })
}

/// What S3 says where a setting of a bucket was never set.
const NOT_SET: [&str; 7] = [
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
];

/// Whether S3 says that the bucket is there, and this setting of it was never set.
#[cfg(feature = "s3")]
pub(crate) fn is_not_set(error: &HandlerError) -> bool {
    error.aws_code().is_some_and(|code| NOT_SET.contains(&code))
}

/// Whether S3 refused because the bucket is another account's. Where the caller's own policies are what is missing, it says
/// which action they do not allow.
#[cfg(feature = "s3")]
pub(crate) fn is_refused_by_stranger(error: &HandlerError) -> bool {
    matches!(error.aws_code(), Some("AccessDenied" | "AllAccessDisabled"))
        && !error.message().contains("is not authorized to perform")
}

/// Whether S3 does not take one of the arguments in this region.
#[cfg(feature = "s3")]
pub(crate) fn is_unsupported_argument(error: &HandlerError) -> bool {
    error.aws_code() == Some("UnsupportedArgument")
}

/// What a code means that S3 gives for one of many objects.
#[cfg(feature = "s3")]
pub(crate) fn kind_of_object_error(code: Option<&str>) -> Kind {
    of_code(Service::S3, code, "", None).0
}

/// Whether DynamoDB refused to delete a table because it is protected from that.
#[cfg(feature = "dynamodb")]
pub(crate) fn is_protected(error: &HandlerError) -> bool {
    // Servers word it differently; about a deletion, protection is all it can mean.
    error.aws_code() == Some("ValidationException")
        && error.message().to_ascii_lowercase().contains("protect")
}

/// A request that lacks what it must have.
pub(crate) fn unbuildable(error: aws_smithy_types::error::operation::BuildError) -> HandlerError {
    HandlerError::new(Kind::Invalid, "build", "the request could not be built").with_source(error)
}

/// What a code means in ECR only.
fn of_ecr(code: &str, message: &str) -> Option<Kind> {
    Some(match code {
        "RepositoryAlreadyExistsException" => Kind::AlreadyExists,
        "RepositoryNotFoundException"
        | "LifecyclePolicyNotFoundException"
        | "RepositoryPolicyNotFoundException" => Kind::NotFound,
        "RepositoryNotEmptyException" => Kind::NotEmpty,
        "KmsException" | "InvalidTagParameterException" | "TooManyTagsException" => Kind::Invalid,
        // A role or account just made is not known everywhere yet.
        "InvalidParameterException" if message.contains("Principal not found") => Kind::NotYet,
        _ => return None,
    })
}

/// What a code means in IAM only.
fn of_iam(code: &str, message: &str) -> Option<Kind> {
    Some(match code {
        "EntityAlreadyExists" => Kind::AlreadyExists,
        "NoSuchEntity" => Kind::NotFound,
        // Another change is under way, or what was just detached still counts.
        "ConcurrentModification" | "EntityTemporarilyUnmodifiable" | "DeleteConflict" => Kind::NotYet,
        // A principal just made is not known everywhere yet; any other malformed document stays so.
        "MalformedPolicyDocument" if message.contains("Invalid principal") => Kind::NotYet,
        "UnmodifiableEntity" | "PolicyNotAttachable" => Kind::Invalid,
        _ => return None,
    })
}

fn of_elbv2(code: &str, message: &str) -> Option<Kind> {
    Some(match code {
        "DuplicateLoadBalancerName" | "DuplicateTargetGroupName" | "DuplicateListener" | "PriorityInUse" => {
            Kind::AlreadyExists
        }
        "LoadBalancerNotFound" | "TargetGroupNotFound" | "ListenerNotFound" | "RuleNotFound" => {
            Kind::NotFound
        }
        // What a new one needs; the last is EC2's code, passed on.
        "CertificateNotFound" | "SubnetNotFound" | "InvalidSubnetID.NotFound" => Kind::NotFound,
        // A target group whose listeners and rules were deleted a moment ago.
        "ResourceInUse" => Kind::NotYet,
        // A security group made a moment ago.
        "InvalidSecurityGroup" if message.contains("does not exist") => Kind::NotYet,
        "OperationNotPermitted" => Kind::AccessDenied,
        // Also the rule that a target group serves one load balancer only.
        "TargetGroupAssociationLimit" => Kind::Quota,
        code if code.starts_with("TooMany") && code != "TooManyRequestsException" => Kind::Quota,
        "InvalidSecurityGroup"
        | "InvalidSubnet"
        | "InvalidScheme"
        | "InvalidConfigurationRequest"
        | "InvalidLoadBalancerAction"
        | "InvalidTarget"
        | "AvailabilityZoneNotSupported"
        | "SSLPolicyNotFound"
        | "UnsupportedProtocol"
        | "IncompatibleProtocols"
        | "DuplicateTagKeys" => Kind::Invalid,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_means_what_its_service_means() {
        let kind = |service, code| of_code(service, Some(code), "", Some(400)).0;
        assert_eq!(kind(Service::Logs, "ResourceAlreadyExistsException"), Kind::AlreadyExists);
        assert_eq!(kind(Service::Iam, "ResourceAlreadyExistsException"), Kind::Other);
    }

    #[test]
    fn codes_of_tables_groups_and_buckets_are_known() {
        let table = [
            (Service::DynamoDb, "ResourceInUseException", "Table already exists: x", Kind::AlreadyExists),
            (Service::DynamoDb, "ResourceInUseException", "Table is being deleted: x", Kind::NotYet),
            (Service::DynamoDb, "ContinuousBackupsUnavailableException", "", Kind::NotYet),
            (Service::DynamoDb, "TableNotFoundException", "", Kind::NotFound),
            (
                Service::DynamoDb,
                "LimitExceededException",
                "Only 500 tables can be created, updated, or deleted simultaneously",
                Kind::Throttled,
            ),
            (Service::DynamoDb, "LimitExceededException", "a limit of 2500 tables", Kind::Quota),
            (Service::Ec2, "InvalidGroup.Duplicate", "", Kind::AlreadyExists),
            (Service::Ec2, "DependencyViolation", "", Kind::NotYet),
            (Service::Ec2, "InvalidGroup.NotFound", "", Kind::NotFound),
            (Service::Ec2, "RulesPerSecurityGroupLimitExceeded", "", Kind::Quota),
            (Service::Ec2, "InvalidPermission.Malformed", "", Kind::Invalid),
            (Service::Ec2, "RequestLimitExceeded", "", Kind::Throttled),
            (Service::S3, "BucketAlreadyOwnedByYou", "", Kind::AlreadyExists),
            (Service::S3, "NoSuchBucket", "", Kind::NotFound),
            (Service::S3, "NoSuchTagSet", "", Kind::NotFound),
            (Service::S3, "BucketNotEmpty", "", Kind::NotEmpty),
            (Service::S3, "OperationAborted", "", Kind::NotYet),
            (Service::S3, "ConditionalRequestConflict", "", Kind::NotYet),
            (Service::S3, "SlowDown", "", Kind::Throttled),
            (Service::S3, "MalformedPolicy", "", Kind::Invalid),
        ];
        for (service, code, message, kind) in table {
            assert_eq!(of_code(service, Some(code), message, Some(400)).0, kind, "{code} {message}");
        }
    }

    #[test]
    fn the_words_of_ecs_tell_what_its_codes_do_not() {
        let kind = |message| of_code(Service::Ecs, Some("ClientException"), message, Some(400)).0;
        assert_eq!(kind("Unable to describe task definition."), Kind::NotFound);
        assert_eq!(
            kind("Too many concurrent attempts to create a new revision of the specified family."),
            Kind::NotYet
        );
        assert_eq!(kind("Invalid 'cpu' setting for task."), Kind::Invalid);
    }

    #[test]
    fn a_principal_that_is_still_settling_is_worth_waiting_for() {
        let kind = |service, code, message| of_code(service, Some(code), message, Some(400)).0;
        let malformed = |message| kind(Service::Iam, "MalformedPolicyDocument", message);
        assert_eq!(malformed("Invalid principal in policy: \"AWS\":\"arn:..\""), Kind::NotYet);
        assert_eq!(malformed("Syntax errors in policy."), Kind::Invalid);
        let repository = |message| kind(Service::Ecr, "InvalidParameterException", message);
        assert_eq!(
            repository(
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'"
            ),
            Kind::NotYet
        );
        assert_eq!(repository("Invalid repository policy provided"), Kind::Invalid);
    }

    #[test]
    fn codes_of_roles_and_repositories_are_known() {
        let table = [
            (Service::Iam, "EntityAlreadyExists", Kind::AlreadyExists),
            (Service::Iam, "NoSuchEntity", Kind::NotFound),
            (Service::Iam, "DeleteConflict", Kind::NotYet),
            (Service::Iam, "ConcurrentModification", Kind::NotYet),
            (Service::Iam, "EntityTemporarilyUnmodifiable", Kind::NotYet),
            (Service::Iam, "UnmodifiableEntity", Kind::Invalid),
            (Service::Iam, "PolicyNotAttachable", Kind::Invalid),
            (Service::Iam, "LimitExceeded", Kind::Quota),
            (Service::Ecr, "RepositoryAlreadyExistsException", Kind::AlreadyExists),
            (Service::Ecr, "RepositoryNotFoundException", Kind::NotFound),
            (Service::Ecr, "LifecyclePolicyNotFoundException", Kind::NotFound),
            (Service::Ecr, "RepositoryPolicyNotFoundException", Kind::NotFound),
            (Service::Ecr, "RepositoryNotEmptyException", Kind::NotEmpty),
            (Service::Ecr, "KmsException", Kind::Invalid),
            (Service::Ecr, "TooManyTagsException", Kind::Invalid),
            (Service::Ecr, "LimitExceededException", Kind::Quota),
        ];
        for (service, code, kind) in table {
            assert_eq!(of_code(service, Some(code), "", Some(400)), (kind, Effect::None), "{code}");
        }
    }

    #[test]
    fn refusals_of_services_and_clusters_are_known() {
        let invalid = "InvalidParameterException";
        let table = [
            (Service::Ecs, invalid, "Creation of service was not idempotent.", Kind::AlreadyExists),
            (Service::Ecs, "ClientException", "Creation of service was not idempotent.", Kind::AlreadyExists),
            (Service::Ecs, invalid, "Unable to Start a service that is still Draining.", Kind::NotYet),
            (
                Service::Ecs,
                invalid,
                "The target group with targetGroupArn x does not have an associated load balancer.",
                Kind::NotYet,
            ),
            (
                Service::Ecs,
                invalid,
                "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
                Kind::NotYet,
            ),
            (
                Service::Ecs,
                invalid,
                "Unable to assume role and validate the listeners configured on your load balancer. Please verify \
                 that the ECS service role being passed has the proper permissions.",
                Kind::NotYet,
            ),
            (
                Service::Ecs,
                invalid,
                "The service cannot be stopped while deployments are active.",
                Kind::NotYet,
            ),
            (Service::Ecs, invalid, "Identifier is for cluster x. Your cluster is y", Kind::Invalid),
            (Service::Ecs, "ClusterNotFoundException", "Cluster not found.", Kind::NotFound),
            (Service::Ecs, "ServiceNotActiveException", "Service was not ACTIVE.", Kind::NotFound),
            (Service::Ecs, "ClusterContainsTasksException", "", Kind::NotYet),
            (Service::Ecs, "UpdateInProgressException", "", Kind::NotYet),
            (Service::Ecs, "PlatformUnknownException", "", Kind::Invalid),
            (Service::Ecs, "LimitExceededException", "", Kind::Quota),
            (Service::AutoScaling, "ObjectNotFoundException", "", Kind::NotFound),
            (Service::AutoScaling, "ConcurrentUpdateException", "", Kind::NotYet),
            (
                Service::AutoScaling,
                "ValidationException",
                "ECS service doesn't exist: service/a/b",
                Kind::NotYet,
            ),
            (
                Service::AutoScaling,
                "ValidationException",
                "The scalable target that you tried to tag already exists.",
                Kind::AlreadyExists,
            ),
            (Service::AutoScaling, "ValidationException", "1 validation error detected", Kind::Invalid),
        ];
        for (service, code, message, kind) in table {
            assert_eq!(of_code(service, Some(code), message, Some(400)).0, kind, "{code} {message}");
        }
    }

    #[test]
    fn refusals_of_load_balancing_are_told_apart() {
        let kind = |code, message| of_code(Service::Elbv2, Some(code), message, Some(400)).0;
        assert_eq!(kind("DuplicateListener", ""), Kind::AlreadyExists);
        assert_eq!(kind("PriorityInUse", ""), Kind::AlreadyExists);
        assert_eq!(kind("RuleNotFound", ""), Kind::NotFound);
        assert_eq!(kind("ResourceInUse", ""), Kind::NotYet);
        assert_eq!(kind("InvalidSecurityGroup", "The security group 'sg-1' does not exist"), Kind::NotYet);
        assert_eq!(kind("InvalidSecurityGroup", "sg-1 belongs to another VPC"), Kind::Invalid);
        assert_eq!(kind("TooManyLoadBalancers", ""), Kind::Quota);
        assert_eq!(kind("TooManyRequestsException", ""), Kind::Throttled);
        assert_eq!(kind("Throttling", ""), Kind::Throttled);
        assert_eq!(kind("ValidationError", ""), Kind::Invalid);
    }

    #[test]
    fn without_a_code_the_status_tells() {
        assert_eq!(of_code(Service::Ecs, None, "", Some(403)), (Kind::AccessDenied, Effect::None));
        assert_eq!(of_code(Service::Ecs, None, "", Some(502)), (Kind::Transient, Effect::Unknown));
        assert_eq!(of_code(Service::S3, None, "", Some(200)), (Kind::Malformed, Effect::Unknown));
        assert_eq!(
            of_code(Service::Ecs, Some("Brand.New"), "", Some(500)),
            (Kind::Transient, Effect::Unknown)
        );
    }
}
