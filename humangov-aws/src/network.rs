// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Network`]: the VPC and the subnets that load balancers and tasks live in. It is looked up, never made.

use crate::error::{Service, classify};
use aws_sdk_ec2::{Client, types};
use humangov_core::handler::{HandlerError, HandlerErrorKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A VPC and one subnet in each of two or more availability zones, ordered by zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Network {
    /// The VPC.
    pub vpc_id: String,
    /// The subnets.
    pub subnets: Vec<Subnet>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subnet {
    /// The id, `subnet-...`.
    pub id: String,
    /// The availability zone, such as `us-east-1a`.
    pub availability_zone: String,
    /// Whether what starts there gets a public address: it then reaches the internet without a NAT gateway.
    pub map_public_ip_on_launch: bool,
    /// How many addresses are free. A task takes one, a load balancer at least eight.
    pub available_ip_address_count: u32,
}

impl Network {
    /// The default VPC and its default subnets. One call.
    ///
    /// # Errors
    /// When the region has no default VPC, when that has default subnets in fewer than two zones, or when the call fails.
    pub async fn lookup_default(ec2: &Client) -> Result<Self, NetworkError> {
        let filter = |name: &str, value: &str| types::Filter::builder().name(name).values(value).build();
        let request = ec2
            .describe_subnets()
            .filters(filter("default-for-az", "true"))
            .filters(filter("state", "available"));
        let mut pages = request.into_paginator().send();
        let mut found: BTreeMap<String, Vec<Subnet>> = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for read in page.map_err(call_failed)?.subnets() {
                let vpc_id = read.vpc_id().unwrap_or_default().to_owned();
                found.entry(vpc_id).or_default().push(subnet(read));
            }
        }
        let mut vpcs = found.into_iter();
        match (vpcs.next(), vpcs.next()) {
            (None, _) => Err(NetworkErrorKind::NoDefault.with("this region has no default VPC with subnets")),
            (Some((vpc_id, subnets)), None) => Self::new(vpc_id, subnets),
            (Some((one, _)), Some((other, _))) => Err(NetworkErrorKind::Ambiguous
                .with(format!("default subnets are in more than one VPC: {one}, {other}"))),
        }
    }

    /// The VPC and the subnets that the user names, checked: they exist, belong together, and lie in two or more zones. One
    /// call.
    ///
    /// # Errors
    /// When a subnet does not exist, is of another VPC or shares its zone with another one, when there are fewer than two, or
    /// when the call fails.
    pub async fn given(ec2: &Client, vpc_id: &str, subnets: &[&str]) -> Result<Self, NetworkError> {
        let ids: BTreeSet<&str> = subnets.iter().copied().collect();
        if ids.len() < 2 {
            let given = format!("{} given, in which there are not two zones", ids.len());
            return Err(NetworkErrorKind::TooFewZones.with(given));
        }
        let request =
            ec2.describe_subnets().set_subnet_ids(Some(ids.iter().map(|&id| id.to_owned()).collect()));
        let answer = request.send().await.map_err(|error| classify(Service::Ec2, "DescribeSubnets", error));
        let answer = match answer {
            Err(error) if error.kind() == HandlerErrorKind::NotFound => {
                let message = error.message().to_owned();
                return Err(NetworkError {
                    source: Some(error),
                    ..NetworkErrorKind::SubnetNotFound.with(message)
                });
            }
            answer => answer.map_err(call_failed_as)?,
        };
        let missing = |id: &&&str| !answer.subnets().iter().any(|read| read.subnet_id() == Some(**id));
        if let Some(id) = ids.iter().find(missing) {
            return Err(NetworkErrorKind::SubnetNotFound.with(format!("{id} is not in this region")));
        }
        if let Some(stray) = answer.subnets().iter().find(|read| read.vpc_id() != Some(vpc_id)) {
            let (id, vpc) = (stray.subnet_id().unwrap_or_default(), stray.vpc_id().unwrap_or_default());
            return Err(NetworkErrorKind::OtherVpc.with(format!("{id} is in {vpc}, not in {vpc_id}")));
        }
        let read: Vec<Subnet> = answer.subnets().iter().map(subnet).collect();
        let network = Self::new(vpc_id.to_owned(), read.clone())?;
        // Of a lookup the first of a zone will do; of those that were named none is dropped unasked.
        if let Some(more) = read.iter().find(|read| !network.subnets.contains(read)) {
            return Err(NetworkErrorKind::SharedZone.with(format!(
                "{} is a second one in {}; a load balancer takes one in each zone",
                more.id, more.availability_zone
            )));
        }
        Ok(network)
    }

    /// One subnet a zone.
    fn new(vpc_id: String, mut subnets: Vec<Subnet>) -> Result<Self, NetworkError> {
        subnets.sort_by(|a, b| (&a.availability_zone, &a.id).cmp(&(&b.availability_zone, &b.id)));
        subnets.dedup_by(|later, first| later.availability_zone == first.availability_zone);
        if let [] | [_] = subnets.as_slice() {
            let zones = subnets.first().map_or("no zone", |subnet| subnet.availability_zone.as_str());
            return Err(NetworkErrorKind::TooFewZones.with(format!("{vpc_id} has subnets in {zones} only")));
        }
        Ok(Self { vpc_id, subnets })
    }

    /// The ids of the subnets.
    pub fn subnet_ids(&self) -> impl Iterator<Item = &str> {
        self.subnets.iter().map(|subnet| subnet.id.as_str())
    }
}

fn subnet(read: &types::Subnet) -> Subnet {
    Subnet {
        id: read.subnet_id().unwrap_or_default().to_owned(),
        availability_zone: read.availability_zone().unwrap_or_default().to_owned(),
        map_public_ip_on_launch: read.map_public_ip_on_launch().unwrap_or(false),
        available_ip_address_count: read
            .available_ip_address_count()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
    }
}

/// Why there is no usable network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// The region has no default VPC.
    NoDefault,
    /// Default subnets are in several VPCs.
    Ambiguous,
    /// The subnets lie in fewer than two zones.
    TooFewZones,
    /// Two of the given subnets lie in one zone.
    SharedZone,
    /// A given subnet does not exist.
    SubnetNotFound,
    /// A given subnet is of another VPC.
    OtherVpc,
    /// AWS could not be asked.
    CallFailed,
}

impl NetworkErrorKind {
    /// The stable code, as listed in `docs/errors.md`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoDefault => "network.no_default",
            Self::Ambiguous => "network.ambiguous",
            Self::TooFewZones => "network.too_few_zones",
            Self::SharedZone => "network.shared_zone",
            Self::SubnetNotFound => "network.subnet_not_found",
            Self::OtherVpc => "network.other_vpc",
            Self::CallFailed => "network.call_failed",
        }
    }

    fn with(self, detail: impl Into<String>) -> NetworkError {
        NetworkError { kind: self, detail: detail.into(), source: None }
    }
}

/// A network that cannot be used. `Display` says what to give in the configuration.
#[derive(Debug, Clone)]
pub struct NetworkError {
    kind: NetworkErrorKind,
    detail: String,
    source: Option<HandlerError>,
}

impl NetworkError {
    /// Why.
    pub fn kind(&self) -> NetworkErrorKind {
        self.kind
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NetworkErrorKind::NoDefault | NetworkErrorKind::Ambiguous => "no default network",
            NetworkErrorKind::TooFewZones => "too few availability zones",
            NetworkErrorKind::SharedZone => "two subnets in one availability zone",
            NetworkErrorKind::SubnetNotFound => "no such subnet",
            NetworkErrorKind::OtherVpc => "a subnet of another VPC",
            NetworkErrorKind::CallFailed => return f.write_str("the network could not be looked up"),
        };
        write!(
            f,
            "{what}: {}; give a vpc and subnets of it in two or more availability zones in the configuration",
            self.detail
        )
    }
}

impl std::error::Error for NetworkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

fn call_failed_as(error: HandlerError) -> NetworkError {
    NetworkError { source: Some(error), ..NetworkErrorKind::CallFailed.with("") }
}

fn call_failed<E>(
    error: aws_smithy_runtime_api::client::result::SdkError<
        E,
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
    >,
) -> NetworkError
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    call_failed_as(classify(Service::Ec2, "DescribeSubnets", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mock_client;
    use aws_sdk_ec2::operation::describe_subnets::{DescribeSubnetsError, DescribeSubnetsOutput};
    use aws_smithy_mocks::{Rule, mock};
    use aws_smithy_types::error::ErrorMetadata;

    const VPC: &str = "vpc-0123456789abcdef0";

    fn answer(subnets: &'static [(&str, &str, &str)]) -> Rule {
        mock!(Client::describe_subnets).then_output(move || {
            let subnet = |(id, zone, vpc): &(&str, &str, &str)| {
                types::Subnet::builder()
                    .subnet_id(*id)
                    .availability_zone(*zone)
                    .vpc_id(*vpc)
                    .map_public_ip_on_launch(true)
                    .available_ip_address_count(4091)
                    .build()
            };
            DescribeSubnetsOutput::builder().set_subnets(Some(subnets.iter().map(subnet).collect())).build()
        })
    }

    async fn default_of(subnets: &'static [(&str, &str, &str)]) -> Result<Network, NetworkError> {
        let call = answer(subnets);
        let found = Network::lookup_default(&mock_client!(aws_sdk_ec2, [&call])).await;
        assert_eq!(call.num_calls(), 1);
        found
    }

    async fn given(ids: &[&str], subnets: &'static [(&str, &str, &str)]) -> Result<Network, NetworkError> {
        let call = answer(subnets);
        Network::given(&mock_client!(aws_sdk_ec2, [&call]), VPC, ids).await
    }

    #[tokio::test]
    async fn the_default_network_has_one_subnet_a_zone_in_order() {
        let network = default_of(&[
            ("subnet-c", "us-east-1b", VPC),
            ("subnet-b", "us-east-1a", VPC),
            ("subnet-a", "us-east-1a", VPC),
        ])
        .await
        .expect("a network");
        assert_eq!(network.vpc_id, VPC);
        assert_eq!(network.subnet_ids().collect::<Vec<_>>(), ["subnet-a", "subnet-c"]);
        assert_eq!(network.subnets[1].availability_zone, "us-east-1b");
    }

    #[tokio::test]
    async fn without_a_default_network_the_error_says_what_to_give() {
        let error = default_of(&[]).await.expect_err("nothing there");
        assert_eq!((error.kind(), error.code()), (NetworkErrorKind::NoDefault, "network.no_default"));
        assert_eq!(
            error.to_string(),
            "no default network: this region has no default VPC with subnets; give a vpc and subnets of it in two or more \
             availability zones in the configuration"
        );
        let error = default_of(&[("subnet-a", "us-east-1a", VPC)]).await.expect_err("one zone");
        assert_eq!(error.kind(), NetworkErrorKind::TooFewZones);
        let two: &[_] = &[("subnet-a", "us-east-1a", VPC), ("subnet-b", "us-east-1b", "vpc-2")];
        assert_eq!(default_of(two).await.expect_err("two").kind(), NetworkErrorKind::Ambiguous);
    }

    #[tokio::test]
    async fn given_subnets_must_belong_together() {
        let fine: &[_] = &[("subnet-a", "us-east-1a", VPC), ("subnet-b", "us-east-1b", VPC)];
        let network = given(&["subnet-b", "subnet-a", "subnet-a"], fine).await.expect("a network");
        assert_eq!(network.subnet_ids().collect::<Vec<_>>(), ["subnet-a", "subnet-b"]);
        let stray: &[_] = &[("subnet-a", "us-east-1a", VPC), ("subnet-b", "us-east-1b", "vpc-2")];
        let same: &[_] = &[("subnet-a", "us-east-1a", VPC), ("subnet-b", "us-east-1a", VPC)];
        let three: &[_] = &[
            ("subnet-a", "us-east-1a", VPC),
            ("subnet-b", "us-east-1b", VPC),
            ("subnet-c", "us-east-1b", VPC),
        ];
        let cases: [(&[&str], &'static [_], _); 5] = [
            (&["subnet-a"], fine, NetworkErrorKind::TooFewZones),
            (&["subnet-a", "subnet-z"], fine, NetworkErrorKind::SubnetNotFound),
            (&["subnet-a", "subnet-b"], stray, NetworkErrorKind::OtherVpc),
            (&["subnet-a", "subnet-b"], same, NetworkErrorKind::TooFewZones),
            (&["subnet-a", "subnet-b", "subnet-c"], three, NetworkErrorKind::SharedZone),
        ];
        for (ids, subnets, kind) in cases {
            assert_eq!(given(ids, subnets).await.expect_err("unusable").kind(), kind);
        }
    }

    #[tokio::test]
    async fn a_failed_call_keeps_its_cause() {
        for (code, kind) in [
            ("InvalidSubnetID.NotFound", NetworkErrorKind::SubnetNotFound),
            ("InvalidSubnetID.Malformed", NetworkErrorKind::SubnetNotFound),
            ("UnauthorizedOperation", NetworkErrorKind::CallFailed),
        ] {
            let call = mock!(Client::describe_subnets).then_error(move || {
                DescribeSubnetsError::generic(ErrorMetadata::builder().code(code).message("no").build())
            });
            let client = mock_client!(aws_sdk_ec2, [&call]);
            let error = Network::given(&client, VPC, &["subnet-a", "subnet-b"]).await.expect_err("fails");
            assert_eq!(error.kind(), kind);
            assert!(std::error::Error::source(&error).expect("a cause").to_string().contains(code));
        }
    }
}
