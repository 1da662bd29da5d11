// SPDX-License-Identifier: MIT OR Apache-2.0
//! Security policies and certificates of listeners.

use super::{
    check::{Sort, arn, invalid, page, required, some},
    limits,
    listener::Listener,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Value, json};

/// The policy of a listener made without one.
pub(super) const USUAL_POLICY: &str = "ELBSecurityPolicy-2016-08";

const POLICIES: [&str; 26] = [
    "ELBSecurityPolicy-2015-05",
    USUAL_POLICY,
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-FS-1-2-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-1-2021-06",
    "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
];

/// The policy that a request names, if it names one.
pub(super) fn policy(input: Input<'_>) -> Result<Option<&str>, ApiError> {
    match input.text("SslPolicy") {
        Some(name) if !is_policy(name) => {
            Err(ApiError::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found")))
        }
        name => Ok(name),
    }
}

/// Post-quantum variants of a policy end in `-PQ-2025-09`.
fn is_policy(name: &str) -> bool {
    let is_variant = |base: &str| POLICIES.iter().any(|policy| policy.starts_with(base));
    POLICIES.contains(&name)
        || name.strip_suffix("-PQ-2025-09").is_some_and(|base| base.contains("TLS13") && is_variant(base))
}

/// The one certificate that a request names, if it names one.
pub(super) fn certificate<'i>(cx: &Cx<'_>, input: Input<'i>) -> Result<Option<&'i str>, ApiError> {
    let certificate = match input.list("Certificates") {
        [] => return Ok(None),
        [certificate] => Input(certificate),
        several => {
            let count = several.len();
            return Err(invalid(format!(
                "Up to '1' certificate can be specified at the same time, but '{count}' were specified"
            )));
        }
    };
    if certificate.has("IsDefault") {
        return Err(invalid("IsDefault cannot be set"));
    }
    let arn = required(certificate, "CertificateArn")?;
    if is_certificate(arn, cx.region) {
        Ok(Some(arn))
    } else {
        Err(ApiError::new("CertificateNotFound", format!("Certificate '{arn}' not found")))
    }
}

/// Whether an ARN can be that of a certificate that load balancers of this region can use. There is neither ACM nor IAM's
/// server certificates here: any that can be, is.
fn is_certificate(arn: &str, region: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, at, account, resource] = parts.as_slice() else { return false };
    let named = |prefix: &str| {
        resource.strip_prefix(prefix).is_some_and(|id| !id.is_empty() && !id.contains(char::is_whitespace))
    };
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    is_account
        && match *service {
            "acm" => *at == region && named("certificate/"),
            "iam" => at.is_empty() && named("server-certificate/"),
            _ => false,
        }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "AddListenerCertificates" => add(cx, input),
        "RemoveListenerCertificates" => remove(cx, input),
        "DescribeListenerCertificates" => describe(cx, input),
        _ => return None,
    })
}

fn https<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Listener, ApiError> {
    let arn = arn(input, "ListenerArn", Sort::Listener)?;
    let listener = Sort::Listener.find_mut(&mut cx.here.elbv2.listeners, arn)?;
    if listener.tls.is_none() {
        return Err(invalid("Certificates are for HTTPS listeners only"));
    }
    Ok(listener)
}

fn add(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    some(input, "Certificates")?;
    let certificate = certificate(cx, input)?.unwrap_or_default();
    let balancer = https(cx, input)?.load_balancer.clone();
    let of_balancer = cx.here.elbv2.listeners.values().filter(|listener| listener.load_balancer == balancer);
    let count: usize = of_balancer.map(|listener| listener.certificates.len()).sum();
    let listener = https(cx, input)?;
    if !listener.certificates.iter().any(|there| there == certificate) {
        limits::CERTIFICATES.allow(count + 1)?;
        listener.certificates.push(certificate.to_owned());
    }
    let added = json!({"CertificateArn": certificate, "IsDefault": false});
    Ok(json!({"Certificates": [added]}))
}

fn remove(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    some(input, "Certificates")?;
    let certificate = certificate(cx, input)?.unwrap_or_default();
    let listener = https(cx, input)?;
    let count = listener.certificates.len();
    listener.certificates.retain(|there| there != certificate);
    let is_default = listener.tls.as_ref().is_some_and(|tls| tls.certificate == certificate);
    if listener.certificates.len() == count && is_default {
        let message = "The default certificate of a listener cannot be removed";
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    Ok(Value::Null)
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = arn(input, "ListenerArn", Sort::Listener)?;
    let listener = Sort::Listener.find(&cx.here.elbv2.listeners, arn)?;
    let default = listener.tls.iter().map(|tls| (&tls.certificate, true));
    let all = default.chain(listener.certificates.iter().map(|certificate| (certificate, false)));
    let keyed = all.enumerate().map(|(n, one)| (format!("{n:05}"), one)).collect();
    page(
        input,
        "Certificates",
        keyed,
        |(certificate, is_default)| json!({"CertificateArn": certificate, "IsDefault": is_default}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_those_of_acm_in_the_region_and_of_iam() {
        let good = "arn:aws:acm:us-east-1:123456789012:certificate/a1b2";
        assert!(is_certificate(good, "us-east-1"));
        assert!(is_certificate("arn:aws:iam::123456789012:server-certificate/web", "us-east-1"));
        for bad in [
            "web",
            "arn:aws:acm:us-east-1:123456789012:certificate/",
            "arn:aws:acm:us-west-2:123456789012:certificate/a1b2",
            "arn:aws:acm:us-east-1:1:certificate/a1b2",
            "arn:aws:s3:::certificate/a1b2",
        ] {
            assert!(!is_certificate(bad, "us-east-1"), "{bad}");
        }
    }

    #[test]
    fn policies_have_post_quantum_variants() {
        assert!(is_policy("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"));
        assert!(!is_policy("ELBSecurityPolicy-2016-08-PQ-2025-09"));
        assert!(!is_policy("ELBSecurityPolicy-2016"));
    }
}
