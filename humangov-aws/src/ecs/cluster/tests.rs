// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_ecs::{
    error::ErrorMetadata,
    operation::{
        create_cluster::CreateClusterOutput,
        delete_cluster::{DeleteClusterError, DeleteClusterOutput},
        describe_clusters::DescribeClustersOutput,
        put_cluster_capacity_providers::PutClusterCapacityProvidersOutput,
        tag_resource::TagResourceOutput,
        untag_resource::UntagResourceOutput,
        update_cluster::UpdateClusterOutput,
    },
    types::error::{ClusterContainsServicesException, ClusterNotFoundException},
};
use aws_smithy_mocks::{Rule, mock};
use humangov_core::handler::{Contents, Depth};

const ADDRESS: &str = "ecs.cluster/main";

fn cluster() -> Cluster {
    let mut cluster = Cluster::builder()
        .name("humangov")
        .container_insights(ContainerInsights::Enhanced)
        .capacity_provider(CapacityProvider::FargateSpot)
        .capacity_provider(CapacityProvider::Fargate)
        .default_strategy(CapacityProvider::Fargate, 1, 1)
        .build();
    cluster.normalize();
    cluster
}

/// A cluster as ECS would show it.
fn shown(spec: &Cluster) -> types::builders::ClusterBuilder {
    let owner = cx(ADDRESS).tags(&spec.tags);
    types::Cluster::builder()
        .cluster_arn(format!("arn:aws:ecs:us-east-1:123456789012:cluster/{}", spec.name))
        .cluster_name(&spec.name)
        .status("ACTIVE")
        .set_settings(spec.container_insights.map(settings))
        .set_capacity_providers(Some(provider_names(spec)))
        .set_default_capacity_provider_strategy(Some(convert::strategy(
            &spec.default_capacity_provider_strategy,
        )))
        .set_tags(Some(tags::to_ecs(&owner)))
}

fn describes(clusters: Vec<types::Cluster>) -> Rule {
    mock!(Client::describe_clusters)
        .then_output(move || DescribeClustersOutput::builder().set_clusters(Some(clusters.clone())).build())
}

fn creates(cluster: types::Cluster) -> Rule {
    mock!(Client::create_cluster)
        .then_output(move || CreateClusterOutput::builder().cluster(cluster.clone()).build())
}

fn known() -> ClusterOutputs {
    outputs(&shown(&cluster()).build()).unwrap()
}

async fn create(client: Client) -> Result<ClusterOutputs, HandlerError> {
    ClusterHandler::new(client).create(&cx(ADDRESS), &cluster()).await
}

async fn delete(client: Client) -> Result<(), HandlerError> {
    let (spec, outputs) = (cluster(), known());
    let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    ClusterHandler::new(client).delete(&cx(ADDRESS), prior).await
}

#[tokio::test]
async fn a_cluster_is_made_with_its_owner_in_its_tags() {
    let rule = mock!(Client::create_cluster)
        .match_requests(|request| {
            let tag = |key: &str| request.tags().iter().find(|tag| tag.key() == Some(key));
            request.cluster_name() == Some("humangov")
                && request.settings()[0].value() == Some("enhanced")
                && request.capacity_providers() == ["FARGATE", "FARGATE_SPOT"]
                && request.default_capacity_provider_strategy()[0].base() == 1
                && tag("humangov:address").and_then(types::Tag::value) == Some(ADDRESS)
        })
        .then_output(|| CreateClusterOutput::builder().cluster(shown(&cluster()).build()).build());
    let made = create(mock_client!(aws_sdk_ecs, [&rule])).await.unwrap();
    assert_eq!(made.arn.as_str(), "arn:aws:ecs:us-east-1:123456789012:cluster/humangov");
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn the_cluster_of_somebody_else_is_not_taken_for_ours() {
    let foreign = types::Tag::builder().key("owner").value("somebody").build();
    let foreign = || shown(&cluster()).set_tags(Some(vec![foreign.clone()])).build();
    let answered = creates(foreign());
    let error = create(mock_client!(aws_sdk_ecs, [&answered])).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));

    // An answer that tells no tags is asked about.
    let (untold, described) = (creates(shown(&cluster()).set_tags(None).build()), describes(vec![foreign()]));
    let error = create(mock_client!(aws_sdk_ecs, [&untold, &described])).await.unwrap_err();
    assert_eq!(error.kind(), HandlerErrorKind::AlreadyExists);
    let untold = creates(shown(&cluster()).set_tags(None).build());
    let described = describes(vec![shown(&cluster()).build()]);
    create(mock_client!(aws_sdk_ecs, [&untold, &described])).await.unwrap();
}

#[tokio::test]
async fn clusters_are_read_together_and_in_the_order_asked() {
    let named = |name: &str| Cluster::builder().name(name).build();
    let specs = [named("a"), named("gone"), named("b"), named("never")];
    let rule = mock!(Client::describe_clusters)
        .match_requests(|request| {
            request.clusters() == ["a", "gone", "b", "never"]
                && request.include().contains(&types::ClusterField::Tags)
                && request.include().contains(&types::ClusterField::Settings)
        })
        .then_output(move || {
            let gone = shown(&named("gone")).status("INACTIVE").build();
            let (a, b) = (shown(&named("a")).build(), shown(&named("b")).build());
            DescribeClustersOutput::builder().clusters(b).clusters(gone).clusters(a).build()
        });
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, [&rule]));
    let cx = cx(ADDRESS);
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found: Vec<_> = handler
        .read_many(&at)
        .await
        .into_iter()
        .map(|live| live.unwrap().map(|live| live.spec.name))
        .collect();
    assert_eq!(found, [Some("a".to_owned()), None, Some("b".to_owned()), None]);
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn a_cluster_reads_back_as_the_spec_that_made_it() {
    let mut spec = cluster();
    spec.tags.insert("team", "hr");
    let rule = describes(vec![shown(&spec).build()]);
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, [&rule]));
    let cx = cx(ADDRESS);
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    assert_eq!(handler.read(at).await.unwrap().unwrap().spec, spec);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let (prior, mut desired) = (cluster(), cluster());
    let outputs = known();
    let nothing = Update { prior: &prior, outputs: &outputs, desired: &desired };
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, []));
    handler.update(&cx(ADDRESS), nothing).await.unwrap();

    desired.container_insights = Some(ContainerInsights::Disabled);
    desired.capacity_providers = vec![CapacityProvider::Fargate];
    desired.default_capacity_provider_strategy.clear();
    desired.tags.insert("new", "1");
    let mut prior = prior;
    prior.tags.insert("old", "1");
    let set = mock!(Client::update_cluster)
        .match_requests(|request| request.settings()[0].value() == Some("disabled"))
        .then_output(|| UpdateClusterOutput::builder().build());
    let put = mock!(Client::put_cluster_capacity_providers)
        .match_requests(|request| {
            request.capacity_providers() == ["FARGATE"]
                && request.default_capacity_provider_strategy.as_ref().is_some_and(Vec::is_empty)
        })
        .then_output(|| PutClusterCapacityProvidersOutput::builder().build());
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| request.tag_keys() == ["old"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource).then_output(|| TagResourceOutput::builder().build());
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, [&set, &put, &untag, &tag]));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.unwrap();
    assert_eq!((set.num_calls(), put.num_calls(), untag.num_calls(), tag.num_calls()), (1, 1, 1, 1));
}

#[tokio::test]
async fn a_cluster_is_deleted_once_its_services_are_gone() {
    let deleted = mock!(Client::delete_cluster).then_output(|| DeleteClusterOutput::builder().build());
    delete(mock_client!(aws_sdk_ecs, [&deleted])).await.unwrap();
    let gone = mock!(Client::delete_cluster).then_error(|| {
        let meta = ErrorMetadata::builder().code("ClusterNotFoundException").build();
        DeleteClusterError::ClusterNotFoundException(ClusterNotFoundException::builder().meta(meta).build())
    });
    delete(mock_client!(aws_sdk_ecs, [&gone])).await.unwrap();
    let full = mock!(Client::delete_cluster).then_error(|| {
        let meta = ErrorMetadata::builder().code("ClusterContainsServicesException").build();
        DeleteClusterError::ClusterContainsServicesException(
            ClusterContainsServicesException::builder().meta(meta).build(),
        )
    });
    let error = delete(mock_client!(aws_sdk_ecs, [&full])).await.unwrap_err();
    assert_eq!(error.kind(), HandlerErrorKind::NotYet);
}

#[tokio::test]
async fn only_capacity_providers_are_waited_for() {
    let plain = Cluster::builder().name("humangov").build();
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, []));
    let readiness = handler.ready(&cx(ADDRESS), &plain, &known()).await.unwrap();
    assert_eq!(readiness, Readiness::Ready);
    let table = [
        (Some("PROVISIONING"), Readiness::Pending("provisioning".to_owned())),
        (Some("ACTIVE"), Readiness::Ready),
        (None, Readiness::Pending("not visible yet".to_owned())),
    ];
    for (status, expected) in table {
        let there = status.map(|status| shown(&cluster()).status(status).build());
        let rule = describes(there.into_iter().collect());
        let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, [&rule]));
        assert_eq!(handler.ready(&cx(ADDRESS), &cluster(), &known()).await.unwrap(), expected);
    }
    let rule = describes(vec![shown(&cluster()).status("FAILED").build()]);
    let handler = ClusterHandler::new(mock_client!(aws_sdk_ecs, [&rule]));
    let failed = handler.ready(&cx(ADDRESS), &cluster(), &known()).await.unwrap();
    assert!(matches!(failed, Readiness::Failed { .. }));
}
