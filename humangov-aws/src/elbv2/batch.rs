// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finding many at once, and the small conversions all kinds of this service share.

use futures_util::future::join_all;
use humangov_core::{
    arn::Arn,
    handler::{HandlerError, HandlerErrorKind},
};
use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

/// How many names or ARNs a describing call takes. Documented for ARNs of load balancers and for tags; kept for names too.
pub(super) const BATCH: usize = 20;
/// How many calls for one thing each run at a time.
const PARALLEL: usize = 10;

/// What was found under a name. Names are unique on AWS, but not on every server that speaks its protocol.
pub(super) type Found<'n, T> = HashMap<&'n str, Result<Vec<T>, HandlerError>>;

/// Describes what has these names. A call fails as a whole when one of its names is unknown: then everything is listed,
/// once, since that is one call for every 400 and asking name by name would be one for each.
pub(super) async fn by_names<'n, T, F, Fut>(
    names: impl IntoIterator<Item = &'n str>,
    name_of: impl Fn(&T) -> Option<&str> + Send,
    describe: F,
) -> Found<'n, T>
where
    T: Clone + Send,
    F: Fn(Option<Vec<String>>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Vec<T>, HandlerError>> + Send,
{
    let names: Vec<&str> = names.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = Found::new();
    let mut listed: Option<Result<Vec<T>, HandlerError>> = None;
    for chunk in names.chunks(BATCH) {
        let answer = match &listed {
            Some(all) => all.clone(),
            None => match describe(Some(chunk.iter().map(|name| (*name).to_owned()).collect())).await {
                Err(error) if error.kind() == HandlerErrorKind::NotFound => match chunk {
                    [_] => Ok(Vec::new()),
                    _ => listed.insert(describe(None).await).clone(),
                },
                answer => answer,
            },
        };
        for name in chunk {
            let of_name = answer
                .as_ref()
                .map_err(HandlerError::clone)
                .map(|all| all.iter().filter(|one| name_of(one) == Some(*name)).cloned().collect::<Vec<T>>());
            found.insert(name, of_name);
        }
    }
    found
}

/// One call for each distinct key, some at a time. What is gone by now is `None`.
pub(super) async fn each<K, T, Fut>(
    keys: impl IntoIterator<Item = K>,
    call: impl Fn(K) -> Fut,
) -> HashMap<K, Result<Option<T>, HandlerError>>
where
    K: Ord + Hash + Copy,
    Fut: Future<Output = Result<T, HandlerError>>,
{
    let keys: Vec<K> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut answers = HashMap::new();
    for chunk in keys.chunks(PARALLEL) {
        let chunk_answers = join_all(chunk.iter().map(|key| call(*key))).await;
        answers.extend(chunk.iter().copied().zip(chunk_answers.into_iter().map(present)));
    }
    answers
}

/// Not found is an answer too.
pub(super) fn present<T>(answer: Result<T, HandlerError>) -> Result<Option<T>, HandlerError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == HandlerErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A deletion that finds nothing has nothing to do.
pub(super) fn gone<T>(answer: Result<T, HandlerError>) -> Result<(), HandlerError> {
    present(answer).map(drop)
}

/// The ARN in an answer to `operation`.
pub(super) fn arn<R>(operation: &'static str, text: Option<&str>) -> Result<Arn<R>, HandlerError> {
    text.unwrap_or_default()
        .parse()
        .map_err(|error| HandlerError::malformed(operation, "the answer has no ARN").with_source(error))
}

/// A number of ours as AWS's type has it. Validation keeps them far below the limit.
pub(super) fn int(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// A number of AWS's as ours.
pub(super) fn number<T: TryFrom<i32>>(number: Option<i32>) -> Option<T> {
    number.and_then(|number| T::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    fn missing() -> HandlerError {
        HandlerError::new(HandlerErrorKind::NotFound, "DescribeTargetGroups", "one is missing")
    }

    #[tokio::test]
    async fn names_are_asked_for_in_twenties() {
        let asked = Mutex::new(Vec::new());
        let names: Vec<String> = (0..45).map(|i| format!("n{i:02}")).collect();
        let found = by_names(
            names.iter().map(String::as_str),
            |name: &String| Some(name),
            |names| {
                let names = names.expect("not listed");
                asked.lock().expect("not poisoned").push(names.len());
                async { Ok(names) }
            },
        )
        .await;
        assert_eq!(*asked.lock().expect("not poisoned"), [20, 20, 5]);
        assert_eq!(found["n44"].as_ref().expect("found"), &["n44"]);
    }

    #[tokio::test]
    async fn after_a_missing_name_everything_is_listed_once() {
        let lists = AtomicUsize::new(0);
        let names: Vec<String> = (0..45).map(|i| format!("n{i:02}")).collect();
        let found = by_names(
            names.iter().map(String::as_str),
            |name: &String| Some(name),
            |names| {
                let answer = if names.is_some() {
                    Err(missing())
                } else {
                    lists.fetch_add(1, Ordering::Relaxed);
                    Ok(vec!["n03".to_owned(), "another".to_owned()])
                };
                async { answer }
            },
        )
        .await;
        assert_eq!(lists.load(Ordering::Relaxed), 1);
        assert_eq!(found["n03"].as_ref().expect("found").len(), 1);
        assert_eq!(found["n44"].as_ref().expect("read").len(), 0);
        assert!(!found.contains_key("another"));
    }

    #[tokio::test]
    async fn a_failure_is_told_for_every_name_of_its_call() {
        let refused = || HandlerError::new(HandlerErrorKind::AccessDenied, "DescribeTargetGroups", "no");
        let found = by_names(["a", "b"], |name: &String| Some(name), |_| async { Err(refused()) }).await;
        assert!(found.values().all(Result::is_err));
    }
}
