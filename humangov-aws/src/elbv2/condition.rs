// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conditions in the shape AWS writes them.

use aws_sdk_elasticloadbalancingv2::types;
use humangov_core::kind::elbv2::{Condition, QueryStringPair};

/// A condition as AWS takes it.
///
/// One host name or path goes as the older `Values`, which AWS documents for one, and which servers keep that lose what is
/// in `HostHeaderConfig` or `PathPatternConfig`. Several can only go in those two: never both forms together.
pub(super) fn write(condition: &Condition) -> types::RuleCondition {
    let written = types::RuleCondition::builder().field(condition.field());
    match condition {
        Condition::HostHeader(values) | Condition::PathPattern(values) if values.len() == 1 => {
            written.set_values(Some(values.clone()))
        }
        Condition::HostHeader(values) => written.host_header_config(
            types::HostHeaderConditionConfig::builder().set_values(Some(values.clone())).build(),
        ),
        Condition::PathPattern(values) => written.path_pattern_config(
            types::PathPatternConditionConfig::builder().set_values(Some(values.clone())).build(),
        ),
        Condition::HttpHeader { name, values } => written.http_header_config(
            types::HttpHeaderConditionConfig::builder()
                .http_header_name(name)
                .set_values(Some(values.clone()))
                .build(),
        ),
        Condition::HttpRequestMethod(values) => written.http_request_method_config(
            types::HttpRequestMethodConditionConfig::builder().set_values(Some(values.clone())).build(),
        ),
        Condition::QueryString(pairs) => {
            let pair = |pair: &QueryStringPair| {
                let written = types::QueryStringKeyValuePair::builder().set_key(pair.key.clone());
                written.value(&pair.value).build()
            };
            let values = pairs.iter().map(pair).collect();
            written.query_string_config(
                types::QueryStringConditionConfig::builder().set_values(Some(values)).build(),
            )
        }
        Condition::SourceIp(values) => written.source_ip_config(
            types::SourceIpConditionConfig::builder().set_values(Some(values.clone())).build(),
        ),
        // Kinds of condition yet to come are written here first.
        _ => written,
    }
    .build()
}

/// A condition of AWS's as one of ours; `None` for those we do not know, which so show as a difference. Regular expressions
/// are not ours either: a condition that has only them reads as one without values.
pub(super) fn read(condition: &types::RuleCondition) -> Option<Condition> {
    // AWS answers with both forms, other servers with the one that was sent.
    let either = |newer: Option<&[String]>| {
        newer.filter(|values| !values.is_empty()).unwrap_or(condition.values()).to_vec()
    };
    Some(match condition.field()? {
        "host-header" => Condition::HostHeader(either(
            condition.host_header_config().map(types::HostHeaderConditionConfig::values),
        )),
        "path-pattern" => Condition::PathPattern(either(
            condition.path_pattern_config().map(types::PathPatternConditionConfig::values),
        )),
        "http-header" => {
            let config = condition.http_header_config()?;
            let name = config.http_header_name().unwrap_or_default().to_owned();
            Condition::HttpHeader { name, values: config.values().to_vec() }
        }
        "http-request-method" => {
            Condition::HttpRequestMethod(condition.http_request_method_config()?.values().to_vec())
        }
        "query-string" => {
            let pair = |pair: &types::QueryStringKeyValuePair| QueryStringPair {
                key: pair.key().map(str::to_owned),
                value: pair.value().unwrap_or_default().to_owned(),
            };
            Condition::QueryString(condition.query_string_config()?.values().iter().map(pair).collect())
        }
        "source-ip" => Condition::SourceIp(condition.source_ip_config()?.values().to_vec()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_back_as_they_were_written() {
        for condition in [
            Condition::host_header(["a.com"]),
            Condition::host_header(["a.com", "b.com"]),
            Condition::path_pattern(["/california"]),
            Condition::path_pattern(["/california", "/california/*"]),
            Condition::HttpHeader { name: "X-A".into(), values: vec!["1".into()] },
            Condition::HttpRequestMethod(vec!["GET".into()]),
            Condition::QueryString(vec![QueryStringPair { key: Some("k".into()), value: "v".into() }]),
            Condition::SourceIp(vec!["192.0.2.0/24".into()]),
        ] {
            assert_eq!(read(&write(&condition)), Some(condition));
        }
    }

    #[test]
    fn one_host_or_path_goes_in_the_older_form_and_several_in_the_newer() {
        let one = write(&Condition::path_pattern(["/a"]));
        assert_eq!((one.values().len(), one.path_pattern_config().is_none()), (1, true));
        let several = write(&Condition::path_pattern(["/a", "/b"]));
        assert_eq!((several.values().len(), several.path_pattern_config().is_some()), (0, true));
    }

    #[test]
    fn hosts_and_paths_are_read_from_either_form() {
        let config = types::HostHeaderConditionConfig::builder().values("a.com").build();
        let newer = types::RuleCondition::builder().field("host-header").host_header_config(config);
        assert_eq!(read(&newer.clone().build()), Some(Condition::host_header(["a.com"])));
        assert_eq!(read(&newer.values("a.com").build()), Some(Condition::host_header(["a.com"])));
        let empty = types::HostHeaderConditionConfig::builder().build();
        let older = types::RuleCondition::builder().field("host-header").values("a.com");
        assert_eq!(read(&older.host_header_config(empty).build()), Some(Condition::host_header(["a.com"])));
    }
}
