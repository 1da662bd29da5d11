// SPDX-License-Identifier: MIT OR Apache-2.0
//! A text is no ARN until it is parsed.
use humangov_core::kind::elbv2::Action;

fn main() {
    Action::forward("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1");
}
