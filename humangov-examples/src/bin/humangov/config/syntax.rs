// SPDX-License-Identifier: MIT OR Apache-2.0
//! How AWS writes the texts of a configuration: image references, networks, domains, ids and ARNs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A container image: `registry/path:tag` or `registry/path@sha256:…`, as OCI and ECR write it.
pub(super) fn image(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app:v1";
    let fail = |what: &str| Err(format!("{what}; write an image such as {EXAMPLE}"));
    if text.is_empty() || text.contains(char::is_whitespace) {
        return fail("an image reference is not empty and has no spaces");
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return fail(&format!("an image reference has no {scheme}://"));
    }
    if text.contains(['<', '>', '{', '}', '$']) {
        return fail("a placeholder was left in");
    }
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    let digest_ok = |digest: &str| {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        digest.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64 && hash.chars().all(hex))
    };
    if digest.is_some_and(|digest| !digest_ok(digest)) {
        return Err("a digest is sha256: and 64 of 0-9 and a-f".to_owned());
    }
    // A colon after the last slash begins the tag; one before it belongs to the registry's port.
    let tag_at = name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
    let (path, tag) = tag_at.map_or((name, None), |colon| (&name[..colon], Some(&name[colon + 1..])));
    let tag_char = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if tag.is_some_and(|tag| {
        !(1..=128).contains(&tag.len()) || tag.starts_with(['.', '-']) || !tag.chars().all(tag_char)
    }) {
        return Err("a tag has 1 to 128 letters, digits and _ . -, not beginning with . or -".to_owned());
    }
    if tag.is_none() && digest.is_none() {
        return Err("names no version: end it in a tag such as :v1 or in a digest".to_owned());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    let is_registry = |part: &str| part.contains(['.', ':']) || part == "localhost";
    if parts.len() > 1 && is_registry(parts[0]) {
        let (host, port) =
            parts[0].split_once(':').map_or((parts[0], None), |(host, port)| (host, Some(port)));
        if !is_host(host) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return fail(&format!("{} is not a registry", parts[0]));
        }
        parts.remove(0);
    }
    let component = |part: &&str| {
        let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        !part.is_empty()
            && part.chars().all(ok)
            && !part.starts_with(['.', '_', '-'])
            && !part.ends_with(['.', '_', '-'])
    };
    if !parts.iter().all(component) {
        return fail("a repository is lower-case words of a-z, 0-9 and . _ - with / between them");
    }
    Ok(text.to_owned())
}

/// An IPv4 or IPv6 network whose bits after the prefix are zero: AWS would cut them, and show another text than ours.
pub(super) fn cidr(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "write a network such as 10.0.0.0/16 or 0.0.0.0/0";
    let Some((address, prefix)) = text.split_once('/') else {
        return Err(match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => format!("has no prefix length; did you mean {text}/32?"),
            Ok(IpAddr::V6(_)) => format!("has no prefix length; did you mean {text}/128?"),
            Err(_) => EXAMPLE.to_owned(),
        });
    };
    let address: IpAddr =
        address.parse().map_err(|_| format!("{address:?} is not an IP address; {EXAMPLE}"))?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix: u32 = prefix
        .parse()
        .ok()
        .filter(|prefix| *prefix <= bits && !text.ends_with(char::is_whitespace))
        .ok_or_else(|| format!("the prefix length must be a whole number from 0 to {bits}"))?;
    let network: IpAddr = match address {
        IpAddr::V4(v4) => (v4 & Ipv4Addr::from(u32::MAX.checked_shl(32 - prefix).unwrap_or(0))).into(),
        IpAddr::V6(v6) => (v6 & Ipv6Addr::from(u128::MAX.checked_shl(128 - prefix).unwrap_or(0))).into(),
    };
    if network != address {
        return Err(format!("has bits set after its prefix; did you mean {network}/{prefix}?"));
    }
    Ok(format!("{network}/{prefix}"))
}

/// A domain that states are put before: `humangov.example` for `california.humangov.example`.
pub(super) fn domain(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "write a domain such as humangov.example";
    // A host-header condition has up to 128 characters; the longest tenant and its dot take 21 of them.
    const MAX: usize = 107;
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("a domain has no {scheme}://; {EXAMPLE}"));
    }
    if let Some(rest) = text.strip_prefix("*.") {
        return Err(format!("a state's name takes the place of the *; did you mean {rest}?"));
    }
    if text != text.to_lowercase() {
        return Err(format!("a domain is written in lower case: {}", text.to_lowercase()));
    }
    if text.len() > MAX {
        return Err(format!("a domain has up to {MAX} characters, so that every state fits before it"));
    }
    let last_is_letters =
        text.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_lowercase()));
    if !text.contains('.') || !is_host(text) || !last_is_letters {
        return Err(format!("is not a domain: words of a-z, 0-9 and - joined by dots; {EXAMPLE}"));
    }
    Ok(text.to_owned())
}

fn is_host(text: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.chars().all(ok)
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// A region's name, such as `us-east-1`.
pub(super) fn region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let digits = |part: &str| part.len() == 1 && part.chars().all(|c| c.is_ascii_digit());
    match parts.as_slice() {
        [words @ .., number]
            if words.len() >= 2 && words[0].len() >= 2 && words.iter().all(word) && digits(number) =>
        {
            Ok(text.to_owned())
        }
        _ if text.len() > 1
            && region(&text[..text.len() - 1]).is_ok()
            && text.ends_with(|c: char| c.is_ascii_lowercase()) =>
        {
            Err(format!("is an availability zone; did you mean {}?", &text[..text.len() - 1]))
        }
        _ => Err("is not a region; write one such as us-east-1".to_owned()),
    }
}

/// Twelve digits.
pub(super) fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.chars().all(|c| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has 12 digits".to_owned())
    }
}

/// An id of EC2: `prefix-` and 8 or 17 hexadecimal digits.
pub(super) fn ec2_id(prefix: &'static str) -> impl Fn(&str) -> Result<String, String> {
    move |text| {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
        // Emulators make ids of other lengths too.
        match digits {
            Some(digits) if (8..=17).contains(&digits.len()) && digits.chars().all(hex) => {
                Ok(text.to_owned())
            }
            _ => Err(format!("is not an id; write one such as {prefix}-0a1b2c3d4e5f60718")),
        }
    }
}

/// An ARN of `service` whose resource begins with `resource`, in parts.
#[derive(Debug)]
pub(super) struct ArnParts<'t> {
    pub(super) region: &'t str,
    pub(super) account: &'t str,
    pub(super) resource: &'t str,
}

pub(super) fn arn_parts<'t>(text: &'t str, service: &str) -> Option<ArnParts<'t>> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, found, region, account, resource] = parts.try_into().ok()?;
    let partition = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
    (arn == "arn" && partition && found == service).then_some(ArnParts { region, account, resource })
}

/// The ARN of an ACM certificate.
pub(super) fn certificate(text: &str) -> Result<String, String> {
    let id = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match arn_parts(text, "acm") {
        Some(arn)
            if region(arn.region).is_ok()
                && account(arn.account).is_ok()
                && arn.resource.strip_prefix("certificate/").is_some_and(id) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("is not the ARN of a certificate; write one such as \
                  arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
            .to_owned()),
    }
}

/// The ARN of a managed policy.
pub(super) fn policy_arn(text: &str) -> Result<String, String> {
    let name_char = |c: char| c.is_ascii_alphanumeric() || "/_+=,.@-".contains(c);
    match arn_parts(text, "iam") {
        Some(arn)
            if arn.region.is_empty()
                && (arn.account == "aws" || account(arn.account).is_ok())
                && arn.resource.strip_prefix("policy/").is_some_and(|name| {
                    !name.is_empty() && !name.ends_with('/') && name.chars().all(name_char)
                }) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(
            "is not the ARN of a managed policy; write one such as arn:aws:iam::123456789012:policy/boundary"
                .to_owned(),
        ),
    }
}

/// The path that a health check asks for.
pub(super) fn health_check_path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("a path begins with a slash; did you mean /{text}?"));
    }
    if text.len() > 1024 || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("a path has up to 1024 printable ASCII characters and no spaces".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_with_a_version_are_taken() {
        let digest = format!("app@sha256:{}", "0a".repeat(32));
        for text in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app:v1",
            "nginx:1.27-alpine",
            "public.ecr.aws/docker/library/nginx:alpine",
            "localhost:5000/app:1",
            "registry.example:5000/a/b_c/d-e.f:V_1.0-rc",
            &digest,
            &format!("app:v1{}", &digest[3..]),
        ] {
            assert_eq!(image(text), Ok(text.to_owned()));
        }
    }

    #[test]
    fn other_images_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "not empty"),
            ("my app:v1", "no spaces"),
            ("https://registry.example/app:v1", "no https://"),
            ("<account>.dkr.ecr.us-east-1.amazonaws.com/app:v1", "placeholder"),
            ("nginx", "names no version"),
            ("localhost:5000/app", "names no version"),
            ("App:v1", "lower-case"),
            ("a//b:v1", "lower-case"),
            ("app:", "1 to 128"),
            ("app:-x", "1 to 128"),
            ("app@sha256:12", "64 of"),
            ("bad_host.example:port/app:v1", "not a registry"),
        ] {
            let error = image(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn networks_are_taken_as_aws_writes_them() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32"] {
            assert_eq!(cidr(text), Ok(text.to_owned()));
        }
        for (text, reason) in [
            ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
            ("100.68.0.18/18", "did you mean 100.68.0.0/18?"),
            ("2001:db8::1/64", "did you mean 2001:db8::/64?"),
            ("10.0.0.0", "did you mean 10.0.0.0/32?"),
            ("10.0.0.0/33", "from 0 to 32"),
            ("10.0.0.0/x", "from 0 to 32"),
            ("10.0.0/8", "not an IP address"),
            ("everyone", "write a network"),
        ] {
            let error = cidr(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn regions_domains_and_arns_are_told_from_what_looks_like_them() {
        for text in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1"] {
            assert_eq!(region(text), Ok(text.to_owned()));
        }
        assert!(region("us-east-1a").expect_err("zone").contains("did you mean us-east-1?"));
        for text in ["", "-", "us", "us-east", "useast1", "US-EAST-1", "us--1", "us-east-12"] {
            assert!(region(text).is_err(), "{text}");
        }
        for text in [
            "humangov",
            "https://humangov.example",
            "*.humangov.example",
            "Humangov.example",
            "a..b",
            "10.0.0.1",
        ] {
            assert!(domain(text).is_err(), "{text}");
        }
        assert!(policy_arn("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess").is_ok());
        assert!(policy_arn("arn:aws:iam::123456789012:role/boundary").is_err());
        assert!(certificate("arn:aws:acm:us-east-1:123456789012:certificate/0-1").is_ok());
        assert!(certificate("arn:aws:acm::123456789012:certificate/0-1").is_err());
    }
}
