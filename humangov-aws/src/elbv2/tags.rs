// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags of load balancers, target groups, listeners and rules: read in batches, changed by difference.

use crate::{
    elbv2::batch::BATCH,
    error::{Service, classify},
    steps::Steps,
};
use aws_sdk_elasticloadbalancingv2::{Client, types};
use humangov_core::{
    handler::{Cx, HandlerError, HandlerErrorKind},
    tags::Tags,
};
use std::collections::{BTreeSet, HashMap};

pub(super) fn to_list(tags: &Tags) -> Vec<types::Tag> {
    tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of each ARN; `None`: it is gone by now. ARNs may be given repeatedly.
pub(super) async fn of<'a>(
    client: &Client,
    arns: impl IntoIterator<Item = &'a str>,
) -> HashMap<&'a str, Result<Option<Tags>, HandlerError>> {
    let arns: Vec<&str> = arns.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = HashMap::new();
    for chunk in arns.chunks(BATCH) {
        match describe(client, chunk).await {
            // One of them was deleted meanwhile, and the whole call fails for it: each for itself.
            Err(error) if error.kind() == HandlerErrorKind::NotFound && chunk.len() > 1 => {
                for arn in chunk {
                    let answer = describe(client, &[*arn]).await;
                    found.insert(*arn, told(&answer, arn));
                }
            }
            answer => found.extend(chunk.iter().map(|arn| (*arn, told(&answer, arn)))),
        }
    }
    found
}

/// What an answer tells of one ARN.
fn told(
    answer: &Result<HashMap<String, Tags>, HandlerError>,
    arn: &str,
) -> Result<Option<Tags>, HandlerError> {
    match answer {
        // Every ARN asked for is answered, tagged or not. What is missing must not pass for untagged.
        Ok(tags) => tags.get(arn).cloned().map(Some).ok_or_else(|| {
            HandlerError::malformed("DescribeTags", format!("the answer does not mention {arn}"))
        }),
        Err(error) if error.kind() == HandlerErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.clone()),
    }
}

async fn describe(client: &Client, arns: &[&str]) -> Result<HashMap<String, Tags>, HandlerError> {
    let arns = arns.iter().map(|arn| (*arn).to_owned()).collect();
    let answer = client
        .describe_tags()
        .set_resource_arns(Some(arns))
        .send()
        .await
        .map_err(|error| classify(Service::Elbv2, "DescribeTags", error))?;
    let tags = |described: &types::TagDescription| -> Tags {
        described
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())))
            .collect()
    };
    let described = answer.tag_descriptions();
    Ok(described.iter().filter_map(|one| Some((one.resource_arn()?.to_owned(), tags(one)))).collect())
}

/// Takes the tags of `arn` from `prior` to `desired`.
pub(super) async fn change(
    client: &Client,
    cx: &Cx,
    arn: &str,
    (prior, desired): (&Tags, &Tags),
    steps: &mut Steps,
) -> Result<(), HandlerError> {
    let (removed, set) = prior.changes_to(desired);
    if !removed.is_empty() {
        let answer = client.remove_tags().resource_arns(arn).set_tag_keys(Some(removed)).send().await;
        steps.next(answer.map_err(|error| classify(Service::Elbv2, "RemoveTags", error)))?;
    }
    if !set.is_empty() {
        let tags = to_list(&cx.tags(&set));
        let answer = client.add_tags().resource_arns(arn).set_tags(Some(tags)).send().await;
        steps.next(answer.map_err(|error| classify(Service::Elbv2, "AddTags", error)))?;
    }
    Ok(())
}
