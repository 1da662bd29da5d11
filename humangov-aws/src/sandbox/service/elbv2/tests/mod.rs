// SPDX-License-Identifier: MIT OR Apache-2.0
//! Load balancing at the wire.

mod listener;
mod load_balancer;
mod rule;
mod tags;
mod target_group;

use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
};
use serde_json::{Value, json};

pub(super) const NAME: &str = "elasticloadbalancing";

pub(super) const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/a1b2";

/// An account, and what is in its default VPC.
pub(super) struct Setup {
    pub account: Account,
    pub vpc: String,
    pub subnets: Vec<String>,
}

impl Setup {
    pub(super) fn new() -> Self {
        Self::with(Timings::instant())
    }

    pub(super) fn with(timings: Timings) -> Self {
        let mut account = Account::with(NAME, timings);
        let answer = account.at("ec2").xml("DescribeSubnets", &json!({}));
        account.at(NAME);
        let subnets: Vec<String> = all(&answer, "subnetId");
        assert!(subnets.len() >= 2, "{answer}");
        Self { account, vpc: between(&answer, "<vpcId>", "</vpcId>").to_owned(), subnets }
    }

    /// A request for a load balancer in the first two subnets.
    pub(super) fn balancer_of(&self, name: &str) -> Value {
        json!({"Name": name, "Subnets": self.subnets[..2]})
    }

    /// The ARN of a new load balancer.
    pub(super) fn balancer(&mut self, name: &str) -> String {
        let request = self.balancer_of(name);
        let answer = self.account.xml("CreateLoadBalancer", &request);
        one(&answer, "LoadBalancerArn")
    }

    pub(super) fn group_of(&self, name: &str) -> Value {
        json!({"Name": name, "Protocol": "HTTP", "Port": 8000, "VpcId": self.vpc, "TargetType": "ip"})
    }

    /// The ARN of a new target group.
    pub(super) fn group(&mut self, name: &str) -> String {
        let request = self.group_of(name);
        one(&self.account.xml("CreateTargetGroup", &request), "TargetGroupArn")
    }

    /// The ARN of a new listener that answers 404.
    pub(super) fn listener(&mut self, balancer: &str, port: u16) -> String {
        let request = listener_of(balancer, port, &nothing_here());
        one(&self.account.xml("CreateListener", &request), "ListenerArn")
    }

    /// The ARN of a new rule for a path.
    pub(super) fn rule(&mut self, listener: &str, priority: u32, group: &str) -> String {
        let request = rule_of(listener, priority, &forward(group));
        one(&self.account.xml("CreateRule", &request), "RuleArn")
    }

    pub(super) fn refused(&mut self, operation: &str, input: &Value) -> String {
        self.account.refused(operation, input)
    }
}

pub(super) fn listener_of(balancer: &str, port: u16, action: &Value) -> Value {
    json!({"LoadBalancerArn": balancer, "Port": port, "Protocol": "HTTP", "DefaultActions": [action]})
}

pub(super) fn rule_of(listener: &str, priority: u32, action: &Value) -> Value {
    let condition = json!({"Field": "path-pattern", "Values": [format!("/{priority}/*")]});
    json!({"ListenerArn": listener, "Priority": priority, "Conditions": [condition], "Actions": [action]})
}

pub(super) fn nothing_here() -> Value {
    json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}})
}

pub(super) fn forward(group: &str) -> Value {
    json!({"Type": "forward", "TargetGroupArn": group})
}

/// The request with one member more, or with another value.
pub(super) fn with(mut request: Value, name: &str, value: impl Into<Value>) -> Value {
    request[name] = value.into();
    request
}

/// The text of the first element of this name.
pub(super) fn one(answer: &str, name: &str) -> String {
    let text = between(answer, &format!("<{name}>"), &format!("</{name}>"));
    assert!(!text.is_empty(), "no {name} in {answer}");
    text.to_owned()
}

/// The texts of all elements of this name.
pub(super) fn all(answer: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let texts = answer.split(&start).skip(1);
    texts.filter_map(|rest| rest.split_once(&end)).map(|(text, _)| text.to_owned()).collect()
}

/// The value of an attribute in an answer.
pub(super) fn attribute(answer: &str, key: &str) -> String {
    between(answer, &format!("<Key>{key}</Key><Value>"), "</Value>").to_owned()
}
