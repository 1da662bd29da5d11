// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[load_balancer]`.

use crate::config::{
    Alb, IDLE_TIMEOUT, LoadBalancer,
    reader::{Setting, Table},
    syntax,
};

/// Rules of one security group (Amazon VPC quotas, "Inbound or outbound rules per security group").
const RULES: usize = 60;

pub(super) fn read(
    table: &Table<'_, '_>,
    all_external: bool,
    region: Option<&String>,
    account: Option<&String>,
) -> LoadBalancer {
    let default = LoadBalancer::default();
    let alb = table.choice("alb");
    let domain = table.text("domain", syntax::domain);
    let certificate_arn = table.text("certificate_arn", syntax::certificate);
    let scheme = table.choice("scheme");
    let ingress_cidrs = table.texts("ingress_cidrs", syntax::cidr);
    let idle_timeout_seconds = table.integer("idle_timeout_seconds", IDLE_TIMEOUT);
    if let Some(place) = table.place().filter(|_| all_external) {
        let message = "launch = \"external\" has no load balancer; remove this section";
        table.problems().at(&place, message);
    }
    if let (Some(place), true, true) = (alb.place(), alb.get() == Some(&Alb::Shared), domain.is_absent()) {
        table.problems().at(place, "a shared load balancer tells states apart by host name; give domain too");
    }
    check_certificate(table, &certificate_arn, region, account);
    if let Some(field) = ingress_cidrs.field() {
        let ports = if certificate_arn.is_absent() { 1 } else { 2 };
        if field.value.is_empty() {
            let message = "nobody could send requests; write [\"0.0.0.0/0\"] for everyone";
            table.problems().at(&field.place, message);
        } else if field.value.len() * ports > RULES {
            let message =
                format!("a security group has up to {RULES} rules, which is {} networks here", RULES / ports);
            table.problems().at(&field.place, message);
        }
    }
    LoadBalancer {
        alb: alb.into_value(),
        domain: domain.into_value(),
        certificate_arn: certificate_arn.into_value(),
        scheme: scheme.into_value().unwrap_or(default.scheme),
        ingress_cidrs: ingress_cidrs
            .into_value()
            .map_or(default.ingress_cidrs, |cidrs| cidrs.into_iter().map(|cidr| cidr.value).collect()),
        idle_timeout_seconds: idle_timeout_seconds.into_value().unwrap_or(default.idle_timeout_seconds),
    }
}

fn check_certificate(
    table: &Table<'_, '_>,
    certificate: &Setting<String>,
    region: Option<&String>,
    account: Option<&String>,
) {
    let Some(field) = certificate.field() else { return };
    let Some(arn) = syntax::arn_parts(&field.value, "acm") else { return };
    if let Some(region) = region.filter(|region| *region != arn.region) {
        let message = format!(
            "is a certificate in {}, but fleet.region is {region}: a load balancer uses those of its own region",
            arn.region
        );
        table.problems().at(&field.place, message);
    }
    if let Some(account) = account.filter(|account| *account != arn.account) {
        let message = format!("is a certificate of account {}, but fleet.account is {account}", arn.account);
        table.problems().at(&field.place, message);
    }
}
