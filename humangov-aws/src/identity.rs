// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who calls: [`caller_identity`].

use crate::error::{Service, classify};
use aws_sdk_sts::Client;
use humangov_core::{arn::Arn, handler::HandlerError};

/// Whose credentials are in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The twelve digits of the account.
    pub account: String,
    /// The ARN of the user or of the session of a role.
    pub arn: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
}

/// Asks AWS whose credentials these are. Needs no permission.
///
/// # Errors
/// When the call fails, or its answer lacks the account or the ARN.
pub async fn caller_identity(sts: &Client) -> Result<Identity, HandlerError> {
    const OPERATION: &str = "GetCallerIdentity";
    let answer = sts.get_caller_identity().send().await;
    let answer = answer.map_err(|error| classify(Service::Sts, OPERATION, error))?;
    let (Some(account), Some(arn)) = (answer.account, answer.arn) else {
        return Err(HandlerError::malformed(OPERATION, "no account, or no ARN"));
    };
    let parsed: Arn<()> =
        arn.parse().map_err(|error| HandlerError::malformed(OPERATION, "no ARN").with_source(error))?;
    Ok(Identity { account, partition: parsed.partition().to_owned(), arn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mock_client;
    use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityError, GetCallerIdentityOutput};
    use aws_smithy_mocks::mock;
    use aws_smithy_types::error::ErrorMetadata;
    use humangov_core::handler::HandlerErrorKind;

    #[tokio::test]
    async fn the_partition_comes_from_the_arn() {
        let call = mock!(Client::get_caller_identity).then_output(|| {
            GetCallerIdentityOutput::builder()
                .account("123456789012")
                .arn("arn:aws-us-gov:iam::123456789012:user/deployer")
                .build()
        });
        let identity = caller_identity(&mock_client!(aws_sdk_sts, [&call])).await.expect("an answer");
        assert_eq!((identity.account.as_str(), identity.partition.as_str()), ("123456789012", "aws-us-gov"));
        assert_eq!(call.num_calls(), 1);
    }

    #[tokio::test]
    async fn credentials_that_expired_are_no_access() {
        let call = mock!(Client::get_caller_identity).then_error(|| {
            GetCallerIdentityError::generic(
                ErrorMetadata::builder().code("ExpiredToken").message("expired").build(),
            )
        });
        let error = caller_identity(&mock_client!(aws_sdk_sts, [&call])).await.expect_err("refused");
        assert_eq!(error.kind(), HandlerErrorKind::AccessDenied);
    }
}
