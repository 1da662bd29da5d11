// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the handlers' tests share: mocked clients and a context.

use humangov_core::{address::RunId, handler::Cx};

/// A client of `$sdk` that answers by these `aws_smithy_mocks` rules, in order, without retries or network.
///
/// `aws_smithy_mocks::mock_client!` would do, but needs the SDK crates' `test-util` feature, and with it every SDK crate is compiled twice.
macro_rules! mock_client {
    ($sdk:ident, [$($rule:expr),* $(,)?]) => {
        mock_client!($sdk, aws_smithy_mocks::RuleMode::Sequential, [$($rule),*])
    };
    ($sdk:ident, $mode:expr, [$($rule:expr),* $(,)?]) => {{
        let interceptor = aws_smithy_mocks::MockResponseInterceptor::new().rule_mode($mode)$(.with_rule($rule))*;
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("us-east-1"))
                .credentials_provider($sdk::config::Credentials::new("test", "test", None, None, "test"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .http_client(aws_smithy_mocks::create_mock_http_client())
                .interceptor(interceptor)
                .build(),
        )
    }};
}
pub(crate) use mock_client;

/// The context of `address` in stack `california` of fleet `humangov`.
pub(crate) fn cx(address: &str) -> Cx {
    let (fleet, stack) = ("humangov".parse().expect("a fleet"), "california".parse().expect("a stack"));
    Cx::new(fleet, stack, address.parse().expect("an address"), RunId::from_u128(1))
}
