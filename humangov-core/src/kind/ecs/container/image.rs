// SPDX-License-Identifier: MIT OR Apache-2.0
//! The grammar of image references.

use std::borrow::Cow;

/// What is wrong with `image` as a reference of the form `registry/path:tag@sha256:digest`, if anything is.
pub(super) fn problem(image: &str) -> Option<Cow<'static, str>> {
    if image.is_empty() {
        return Some("a container needs an image".into());
    }
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    if name.len() > 255 {
        return Some(format!("{} characters before the digest; at most 255 are allowed", name.len()).into());
    }
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digest.is_some_and(|digest| !digest.strip_prefix("sha256:").is_some_and(hex)) {
        return Some("a digest is sha256: and 64 of 0-9 and a-f".into());
    }
    let (registry, rest) = registry(name);
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Some("a tag has 1 to 128 of A-Z, a-z, 0-9 and _ . -, not beginning with . or -".into());
    }
    if registry.is_some_and(|registry| !is_host(registry)) || !path.split('/').all(is_path_component) {
        return Some(
            format!("{image:?} is not an image; write registry/path:tag or registry/path@sha256:digest, paths in lower case")
                .into(),
        );
    }
    None
}

/// Whether the image is kept in a private repository of ECR.
pub(super) fn is_in_ecr(image: &str) -> bool {
    registry(image).0.is_some_and(|host| host.contains(".dkr.ecr.") || host.contains(".dkr-ecr."))
}

/// The registry's host, if the reference names one, and the rest: as Docker tells a host from the first part of a path.
fn registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), rest),
        _ => (None, name),
    }
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(label) && port.parse::<u16>().is_ok()
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Lower case letters and digits, with a `.`, one or two `_`, or any number of `-` between them.
fn is_path_component(text: &str) -> bool {
    let separates =
        |separator: &str| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-');
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(word) && text.ends_with(word) && text.split(word).all(separates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_references_are_fine() {
        for image in [
            "nginx",
            "nginx:1.29-alpine",
            "library/nginx",
            "localhost:5000/app",
            "public.ecr.aws/docker/library/nginx:latest",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app:v1.4.2_3",
            "a--b/c__d/e.f",
            &format!("ghcr.io/owner/app@sha256:{}", "0a".repeat(32)),
            &format!("ghcr.io/owner/app:1@sha256:{}", "0a".repeat(32)),
        ] {
            assert_eq!(problem(image), None, "{image}");
        }
    }

    #[test]
    fn what_docker_would_not_parse_is_refused() {
        for image in [
            "",
            "Nginx",
            "nginx:",
            "nginx:-1",
            "nginx latest",
            "nginx@sha256:12",
            "nginx@md5:00",
            "a//b",
            "a___b",
            "a/-b",
            "/nginx",
            "-x.example/app",
            "https://example.com/app",
            &"a".repeat(256),
        ] {
            assert!(problem(image).is_some(), "{image}");
        }
    }

    #[test]
    fn images_in_ecr_are_known_by_their_registry() {
        assert!(is_in_ecr("123456789012.dkr.ecr.us-east-1.amazonaws.com/app"));
        assert!(is_in_ecr("123456789012.dkr-ecr.us-east-1.on.aws/app"));
        assert!(!is_in_ecr("public.ecr.aws/docker/library/nginx"));
        assert!(!is_in_ecr("app"));
    }
}
