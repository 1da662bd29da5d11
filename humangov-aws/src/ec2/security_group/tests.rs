// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_ec2::operation::{
    authorize_security_group_egress::AuthorizeSecurityGroupEgressOutput,
    authorize_security_group_ingress::{
        AuthorizeSecurityGroupIngressError, AuthorizeSecurityGroupIngressOutput,
    },
    create_security_group::{CreateSecurityGroupError, CreateSecurityGroupOutput},
    create_tags::CreateTagsOutput,
    delete_security_group::{DeleteSecurityGroupError, DeleteSecurityGroupOutput},
    delete_tags::DeleteTagsOutput,
    describe_security_groups::{DescribeSecurityGroupsError, DescribeSecurityGroupsOutput},
    revoke_security_group_egress::RevokeSecurityGroupEgressOutput,
    revoke_security_group_ingress::{RevokeSecurityGroupIngressError, RevokeSecurityGroupIngressOutput},
    update_security_group_rule_descriptions_ingress::UpdateSecurityGroupRuleDescriptionsIngressOutput,
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_types::error::ErrorMetadata;
use humangov_core::{
    handler::{Contents, Depth},
    kind::ec2::{IngressRule, Peer},
    resource::Resource,
    value::{Import, Input},
};

const ID: &str = "sg-0123456789abcdef0";
const VPC: &str = "vpc-0123456789abcdef0";
const NAME: &str = "humangov-california-task";
const ADDRESS: &str = "ec2.security_group/task";

fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("no").build()
}

fn group() -> SecurityGroup {
    let mut group = SecurityGroup::builder()
        .name(NAME)
        .description("tasks of California")
        .vpc_id(VPC)
        .ingress_rule(IngressRule::tcp(80).from_group("sg-alb"))
        .ingress_rule(IngressRule::tcp(80).from_cidr("10.1.2.3/8").described("office"))
        .ingress_rule(IngressRule::all().from_itself())
        .ingress_rule(IngressRule::tcp(443).from_cidr("2001:DB8::/32"))
        .ingress_rule(IngressRule::udp_range(1000..=2000).from_prefix_list("pl-1"))
        .build();
    group.tags.insert("team", "hr");
    group.normalize();
    group
}

fn outputs() -> SecurityGroupOutputs {
    SecurityGroupOutputs { id: ID.to_owned(), name: NAME.to_owned(), vpc_id: VPC.to_owned() }
}

/// A group with the rules of `spec`, as AWS tells it.
fn listed(name: &str, spec: &SecurityGroup) -> types::SecurityGroup {
    let tag = |key: &str, value: &str| types::Tag::builder().key(key).value(value).build();
    types::SecurityGroup::builder()
        .group_id(ID)
        .group_name(name)
        .description(&spec.description)
        .vpc_id(VPC)
        .tags(tag("humangov:fleet", "humangov"))
        .tags(tag("team", "hr"))
        .set_ip_permissions(Some(convert::permissions(ID, &convert::canonical(&spec.ingress))))
        .set_ip_permissions_egress(Some(convert::permissions(ID, &convert::canonical(&spec.egress))))
        .build()
}

fn list(groups: Vec<types::SecurityGroup>) -> Rule {
    mock!(Client::describe_security_groups).then_output(move || {
        DescribeSecurityGroupsOutput::builder().set_security_groups(Some(groups.clone())).build()
    })
}

#[tokio::test]
async fn a_group_with_the_usual_egress_takes_two_calls() {
    let create = mock!(Client::create_security_group)
        .match_requests(|request| {
            let tags = request.tag_specifications()[0].tags();
            request.group_name() == Some(NAME)
                && request.vpc_id() == Some(VPC)
                && tags
                    .iter()
                    .any(|tag| tag.key() == Some("humangov:stack") && tag.value() == Some("california"))
        })
        .then_output(|| CreateSecurityGroupOutput::builder().group_id(ID).build());
    let authorize = mock!(Client::authorize_security_group_ingress)
        .match_requests(|request| {
            let itself = |rule: &types::IpPermission| {
                rule.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(ID))
            };
            request.group_id() == Some(ID)
                && request.ip_permissions().len() == 5
                && request.ip_permissions().iter().any(itself)
        })
        .then_output(|| AuthorizeSecurityGroupIngressOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&create, &authorize]));
    assert_eq!(handler.create(&cx(ADDRESS), &group()).await.expect("made"), outputs());
    assert_eq!((create.num_calls(), authorize.num_calls()), (1, 1));
}

#[tokio::test]
async fn another_egress_takes_the_place_of_what_aws_lets_out() {
    let mut spec = group();
    spec.ingress.clear();
    spec.egress = vec![EgressRule::tcp(443).to_cidr("0.0.0.0/0")];
    let mut fresh = group();
    fresh.egress.push(EgressRule::all().to_cidr("::/0"));
    let create = mock!(Client::create_security_group)
        .then_output(|| CreateSecurityGroupOutput::builder().group_id(ID).build());
    let look = list(vec![listed(NAME, &fresh)]);
    let authorize = mock!(Client::authorize_security_group_egress)
        .match_requests(|request| request.ip_permissions()[0].from_port() == Some(443))
        .then_output(|| AuthorizeSecurityGroupEgressOutput::builder().build());
    let revoke = mock!(Client::revoke_security_group_egress)
        .match_requests(|request| {
            request.ip_permissions().len() == 2
                && request.ip_permissions().iter().all(|rule| rule.ip_protocol() == Some("-1"))
        })
        .then_output(|| RevokeSecurityGroupEgressOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&create, &look, &authorize, &revoke]));
    handler.create(&cx(ADDRESS), &spec).await.expect("made");
    assert_eq!((authorize.num_calls(), revoke.num_calls()), (1, 1));
}

#[tokio::test]
async fn refusals_of_a_creation_are_told_apart() {
    let taken = mock!(Client::create_security_group)
        .then_error(|| CreateSecurityGroupError::generic(meta("InvalidGroup.Duplicate")));
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&taken]));
    let error = handler.create(&cx(ADDRESS), &group()).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (Kind::AlreadyExists, Effect::None));

    let create = mock!(Client::create_security_group)
        .then_output(|| CreateSecurityGroupOutput::builder().group_id(ID).build());
    let early = mock!(Client::authorize_security_group_ingress)
        .then_error(|| AuthorizeSecurityGroupIngressError::generic(meta("InvalidGroup.NotFound")));
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&create, &early]));
    let error = handler.create(&cx(ADDRESS), &group()).await.expect_err("not known yet");
    assert_eq!((error.kind(), error.effect()), (Kind::NotYet, Effect::Unknown));

    let nameless =
        mock!(Client::create_security_group).then_output(|| CreateSecurityGroupOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&nameless]));
    let error = handler.create(&cx(ADDRESS), &group()).await.expect_err("no id");
    assert_eq!((error.kind(), error.effect()), (Kind::Malformed, Effect::Unknown));
}

#[tokio::test]
async fn a_group_reads_back_as_the_spec_that_made_it() {
    let look = mock!(Client::describe_security_groups)
        .match_requests(|request| {
            let filter = |name: &str| request.filters().iter().find(|filter| filter.name() == Some(name));
            filter("vpc-id").is_some_and(|filter| filter.values() == [VPC])
                && filter("group-name").is_some_and(|filter| filter.values() == [NAME])
        })
        .then_output(|| {
            let others = listed("humangov-california-task-2", &group());
            DescribeSecurityGroupsOutput::builder()
                .security_groups(others)
                .security_groups(listed(NAME, &group()))
                .build()
        });
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&look]));
    let (cx, spec) = (cx(ADDRESS), group());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let live = handler.read(at).await.expect("read").expect("there");
    assert_eq!(live.spec, group());
    assert_eq!(live.outputs, outputs());
    assert_eq!(live.tags.expect("tags").get("humangov:fleet"), Some("humangov"));
}

#[test]
fn the_default_of_a_vpc_with_ipv6_is_the_default() {
    let mut there = group();
    there.egress.push(EgressRule::all().to_cidr("::/0"));
    let found = [listed(NAME, &there)];
    let read = |wanted: &SecurityGroup| {
        convert::pick(&found, VPC, wanted).expect("found").expect("complete").spec.egress.len()
    };
    assert_eq!(read(&group()), 1);
    let mut wanted = group();
    wanted.egress = vec![EgressRule::tcp(443).to_cidr("0.0.0.0/0")];
    assert_eq!(read(&wanted), 2);
}

#[tokio::test]
async fn groups_of_one_vpc_are_read_in_one_call() {
    let look = mock!(Client::describe_security_groups)
        .match_requests(|request| request.filters().iter().any(|filter| filter.values() == ["a\\*b", NAME]))
        .then_output(|| {
            DescribeSecurityGroupsOutput::builder().security_groups(listed(NAME, &group())).build()
        });
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&look]));
    let cx = cx(ADDRESS);
    let (there, mut absent, mut homeless) = (group(), group(), group());
    absent.name = "a*b".to_owned();
    homeless.vpc_id = Input::from(Import::new("humangov".parse().expect("a stack"), "vpc_id"));
    let recorded = outputs();
    let at = |spec, outputs| Lookup { cx: &cx, spec, outputs, depth: Depth::Identity };
    let answers = handler
        .read_many(&[
            at(&homeless, None),
            at(&there, None),
            at(&absent, None),
            at(&homeless, Some(&recorded)),
        ])
        .await;
    let found: Vec<bool> = answers.into_iter().map(|answer| answer.expect("read").is_some()).collect();
    assert_eq!(found, [false, true, false, true]);
    assert_eq!(look.num_calls(), 1);
}

#[tokio::test]
async fn a_failed_call_fails_every_read_of_it() {
    let look = mock!(Client::describe_security_groups)
        .then_error(|| DescribeSecurityGroupsError::generic(meta("UnauthorizedOperation")));
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&look]));
    let (cx, spec) = (cx(ADDRESS), group());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Identity };
    for answer in handler.read_many(&[at, at]).await {
        assert_eq!(answer.expect_err("refused").kind(), Kind::AccessDenied);
    }
}

async fn update(
    handler: &SecurityGroupHandler,
    prior: &SecurityGroup,
    desired: &SecurityGroup,
) -> HandlerError {
    let change = Update { prior, outputs: &outputs(), desired };
    match handler.update(&cx(ADDRESS), change).await {
        Ok(_) => HandlerError::new(Kind::Other, "none", "it worked"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_update_adds_before_it_takes_away() {
    let (prior, mut desired) = (group(), group());
    desired.ingress = vec![
        IngressRule::tcp(80).from_group("sg-alb"),
        IngressRule::tcp(80).from_cidr("10.0.0.0/8").described("offices"),
        IngressRule::tcp(8080).from_group("sg-alb"),
    ];
    desired.tags = [("owner", "hr")].into_iter().collect();
    let authorize = mock!(Client::authorize_security_group_ingress)
        .match_requests(|request| {
            request.ip_permissions().len() == 1 && request.ip_permissions()[0].to_port() == Some(8080)
        })
        .then_output(|| AuthorizeSecurityGroupIngressOutput::builder().build());
    let describe = mock!(Client::update_security_group_rule_descriptions_ingress)
        .match_requests(|request| request.ip_permissions()[0].ip_ranges()[0].description() == Some("offices"))
        .then_output(|| UpdateSecurityGroupRuleDescriptionsIngressOutput::builder().build());
    let revoke = mock!(Client::revoke_security_group_ingress)
        .match_requests(|request| request.ip_permissions().len() == 3)
        .then_output(|| RevokeSecurityGroupIngressOutput::builder().build());
    let untag = mock!(Client::delete_tags)
        .match_requests(|request| request.tags()[0].key() == Some("team"))
        .then_output(|| DeleteTagsOutput::builder().build());
    let tag = mock!(Client::create_tags)
        .match_requests(|request| request.tags().len() == 4 && request.resources() == [ID])
        .then_output(|| CreateTagsOutput::builder().build());
    let rules = [&authorize, &describe, &revoke, &untag, &tag];
    let handler =
        SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&authorize, &describe, &revoke, &untag, &tag]));
    assert_eq!(update(&handler, &prior, &desired).await.message(), "it worked");
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn a_description_that_is_taken_out_is_sent_without() {
    let (mut prior, mut desired) = (group(), group());
    prior.ingress = vec![IngressRule::tcp(80).from_cidr("10.0.0.0/8").described("offices")];
    desired.ingress = vec![IngressRule::tcp(80).from_cidr("10.0.0.0/8")];
    let describe = mock!(Client::update_security_group_rule_descriptions_ingress)
        .match_requests(|request| request.ip_permissions()[0].ip_ranges()[0].description().is_none())
        .then_output(|| UpdateSecurityGroupRuleDescriptionsIngressOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&describe]));
    assert_eq!(update(&handler, &prior, &desired).await.message(), "it worked");
    assert_eq!(describe.num_calls(), 1);
}

#[tokio::test]
async fn a_rule_that_is_there_already_has_the_others_sent_alone() {
    let (mut prior, desired) = (group(), group());
    prior.ingress.clear();
    let mut half = group();
    half.ingress.truncate(3);
    let duplicate = mock!(Client::authorize_security_group_ingress)
        .match_requests(|request| request.ip_permissions().len() == 5)
        .then_error(|| AuthorizeSecurityGroupIngressError::generic(meta("InvalidPermission.Duplicate")));
    let look = list(vec![listed(NAME, &half)]);
    let rest = mock!(Client::authorize_security_group_ingress)
        .match_requests(|request| request.ip_permissions().len() == 2)
        .then_output(|| AuthorizeSecurityGroupIngressOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&duplicate, &look, &rest]));
    assert_eq!(update(&handler, &prior, &desired).await.message(), "it worked");
    assert_eq!((look.num_calls(), rest.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_rule_that_is_gone_already_has_the_others_taken_alone() {
    let (prior, mut desired) = (group(), group());
    desired.ingress.clear();
    let mut half = group();
    half.ingress.truncate(3);
    let gone = mock!(Client::revoke_security_group_ingress)
        .match_requests(|request| request.ip_permissions().len() == 5)
        .then_error(|| RevokeSecurityGroupIngressError::generic(meta("InvalidPermission.NotFound")));
    let look = list(vec![listed(NAME, &half)]);
    let rest = mock!(Client::revoke_security_group_ingress)
        .match_requests(|request| request.ip_permissions().len() == 3)
        .then_output(|| RevokeSecurityGroupIngressOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&gone, &look, &rest]));
    assert_eq!(update(&handler, &prior, &desired).await.message(), "it worked");
    assert_eq!(rest.num_calls(), 1);
}

#[tokio::test]
async fn a_group_in_use_is_deleted_later_and_an_absent_one_is_deleted() {
    let cases = [
        ("DependencyViolation", Some(Kind::NotYet)),
        ("InvalidGroup.InUse", Some(Kind::NotYet)),
        ("InvalidGroup.NotFound", None),
        ("InvalidGroupId.Malformed", None),
        ("UnauthorizedOperation", Some(Kind::AccessDenied)),
    ];
    for (code, expected) in cases {
        let call = mock!(Client::delete_security_group)
            .then_error(move || DeleteSecurityGroupError::generic(meta(code)));
        let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&call]));
        let prior = Prior { spec: &group(), outputs: &outputs(), contents: Contents::MustBeEmpty };
        let answer = handler.delete(&cx(ADDRESS), prior).await;
        assert_eq!(answer.err().map(|error| error.kind()), expected, "{code}");
    }
    let call = mock!(Client::delete_security_group)
        .match_requests(|request| request.group_id() == Some(ID))
        .then_output(|| DeleteSecurityGroupOutput::builder().build());
    let handler = SecurityGroupHandler::new(mock_client!(aws_sdk_ec2, [&call]));
    let prior = Prior { spec: &group(), outputs: &outputs(), contents: Contents::MustBeEmpty };
    handler.delete(&cx(ADDRESS), prior).await.expect("deleted");
}

#[test]
fn rules_told_together_are_told_apart() {
    let range = |cidr: &str| types::IpRange::builder().cidr_ip(cidr).build();
    let both = types::IpPermission::builder()
        .ip_protocol("6")
        .from_port(80)
        .to_port(80)
        .ip_ranges(range("10.0.0.0/8"))
        .ip_ranges(range("192.168.0.0/16"))
        .user_id_group_pairs(types::UserIdGroupPair::builder().group_id(ID).description("us").build())
        .build();
    let rules = convert::rules(ID, &[both]);
    assert_eq!(rules.len(), 3);
    assert_eq!(rules[0].ip_protocol.to_string(), "tcp");
    assert_eq!((&rules[2].peer, rules[2].description.as_str()), (&Peer::Itself, "us"));
}
