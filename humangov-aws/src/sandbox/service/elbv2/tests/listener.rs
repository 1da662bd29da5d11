// SPDX-License-Identifier: MIT OR Apache-2.0

use super::{CERTIFICATE, Setup, all, attribute, forward, listener_of, nothing_here, one, with};
use crate::sandbox::testing::between;
use serde_json::{Value, json};

fn https_of(balancer: &str) -> Value {
    let request = with(listener_of(balancer, 443, &nothing_here()), "Protocol", "HTTPS");
    with(request, "Certificates", json!([{"CertificateArn": CERTIFICATE}]))
}

#[test]
fn the_same_settings_give_the_same_listener_and_others_are_refused() {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    let request = listener_of(&balancer, 80, &nothing_here());
    let arn = setup.listener(&balancer, 80);
    assert_eq!(one(&setup.account.xml("CreateListener", &request), "ListenerArn"), arn);
    let group = setup.group("web");
    let other = listener_of(&balancer, 80, &forward(&group));
    assert_eq!(setup.refused("CreateListener", &other), "DuplicateListener");
    setup.listener(&balancer, 81);
    let moved = json!({"ListenerArn": arn, "Port": 81});
    assert_eq!(setup.refused("ModifyListener", &moved), "DuplicateListener");
}

#[test]
fn https_needs_a_certificate_and_has_a_policy() {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    let request = https_of(&balancer);
    for (name, value, code) in [
        ("Certificates", json!(null), "ValidationError"),
        ("Certificates", json!([{"CertificateArn": "web"}]), "CertificateNotFound"),
        (
            "Certificates",
            json!([{"CertificateArn": CERTIFICATE}, {"CertificateArn": CERTIFICATE}]),
            "ValidationError",
        ),
        ("SslPolicy", json!("ELBSecurityPolicy-1999"), "SSLPolicyNotFound"),
        ("Protocol", json!("HTTP"), "InvalidConfigurationRequest"),
        ("Protocol", json!("TCP"), "UnsupportedProtocol"),
        ("Protocol", json!("GOPHER"), "ValidationError"),
        ("Protocol", json!(null), "ValidationError"),
        ("Port", json!(0), "ValidationError"),
        ("DefaultActions", json!(null), "ValidationError"),
        ("MutualAuthentication", json!({"Mode": "verify"}), "TrustStoreNotFound"),
    ] {
        let refused = setup.refused("CreateListener", &with(request.clone(), name, value.clone()));
        assert_eq!(refused, code, "{name}: {value}");
    }
    let answer = setup.account.xml("CreateListener", &request);
    assert_eq!(one(&answer, "SslPolicy"), "ELBSecurityPolicy-2016-08");
    assert_eq!(one(&answer, "CertificateArn"), CERTIFICATE);
    let arn = one(&answer, "ListenerArn");
    let answer = setup.account.xml("ModifyListener", &json!({"ListenerArn": arn, "Protocol": "HTTP"}));
    assert!(!answer.contains("SslPolicy") && !answer.contains("Certificates"), "{answer}");
    let change = json!({"ListenerArn": arn, "Protocol": "HTTPS"});
    assert_eq!(setup.refused("ModifyListener", &change), "ValidationError");
}

#[test]
fn more_certificates_are_added_one_by_one() {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    let listener = one(&setup.account.xml("CreateListener", &https_of(&balancer)), "ListenerArn");
    let change = |arns: &[&str]| {
        let list: Vec<Value> = arns.iter().map(|arn| json!({"CertificateArn": arn})).collect();
        json!({"ListenerArn": listener, "Certificates": list})
    };
    let second = format!("{CERTIFICATE}c3");
    setup.account.ok("AddListenerCertificates", &change(&[&second]));
    setup.account.ok("AddListenerCertificates", &change(&[&second]));
    let both = change(&[&second, CERTIFICATE]);
    assert_eq!(setup.refused("AddListenerCertificates", &both), "ValidationError");
    let named = json!({"ListenerArn": listener});
    let answer = setup.account.xml("DescribeListenerCertificates", &named);
    assert_eq!(all(&answer, "CertificateArn"), [CERTIFICATE, &second]);
    assert_eq!(all(&answer, "IsDefault"), ["true", "false"]);
    assert_eq!(setup.refused("RemoveListenerCertificates", &change(&[CERTIFICATE])), "OperationNotPermitted");
    setup.account.ok("RemoveListenerCertificates", &change(&[&second]));
    for n in 0..25 {
        let more = format!("{CERTIFICATE}-{n}");
        setup.account.ok("AddListenerCertificates", &change(&[&more]));
    }
    assert_eq!(setup.refused("AddListenerCertificates", &change(&[&second])), "TooManyCertificates");
}

#[test]
fn actions_are_answered_whole() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let answer = setup.account.xml("CreateListener", &listener_of(&balancer, 80, &forward(&group)));
    assert_eq!(all(&answer, "TargetGroupArn"), [group.clone(), group.clone()]);
    assert_eq!((one(&answer, "Weight"), one(&answer, "Enabled")), ("1".to_owned(), "false".to_owned()));
    let listener = one(&answer, "ListenerArn");
    let redirect = json!({"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}});
    let change = |action: &Value| json!({"ListenerArn": listener, "DefaultActions": [action]});
    let answer = setup.account.xml("ModifyListener", &change(&redirect));
    for (name, value) in [("Host", "#{host}"), ("Path", "/#{path}"), ("Query", "#{query}"), ("Port", "443")] {
        assert_eq!(one(between(&answer, "<RedirectConfig>", "</RedirectConfig>"), name), value);
    }
    let other = setup.group("other");
    let split = json!({"Type": "forward", "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": group, "Weight": 9}, {"TargetGroupArn": other}],
        "TargetGroupStickinessConfig": {"Enabled": true, "DurationSeconds": 60},
    }});
    let answer = setup.account.xml("ModifyListener", &change(&split));
    assert_eq!(all(&answer, "TargetGroupArn"), [group, other]);
    assert_eq!(
        (all(&answer, "Weight"), one(&answer, "DurationSeconds")),
        (vec!["9".to_owned(), "1".to_owned()], "60".to_owned())
    );
}

#[test]
fn actions_that_cannot_be_are_refused() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let absent = format!("{}0", group);
    let fixed =
        |status: &str| json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status}});
    let redirect = |config: Value| json!({"Type": "redirect", "RedirectConfig": config});
    let tuple = |weight: u32| json!({"TargetGroupArn": group, "Weight": weight});
    let split = |tuples: Value| json!({"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}});
    let cases = [
        (json!({"Type": "teleport"}), "ValidationError"),
        (json!({"Type": "forward"}), "InvalidLoadBalancerAction"),
        (forward(&absent), "TargetGroupNotFound"),
        (forward("web"), "ValidationError"),
        (split(json!([tuple(1000)])), "ValidationError"),
        (split(json!([tuple(1), tuple(1)])), "InvalidLoadBalancerAction"),
        (json!({"Type": "fixed-response"}), "InvalidLoadBalancerAction"),
        (fixed("301"), "ValidationError"),
        (fixed("4044"), "ValidationError"),
        (redirect(json!({"Port": "443"})), "ValidationError"),
        (redirect(json!({"StatusCode": "HTTP_308"})), "ValidationError"),
        (redirect(json!({"StatusCode": "HTTP_301"})), "InvalidLoadBalancerAction"),
        (redirect(json!({"StatusCode": "HTTP_301", "Port": "0"})), "ValidationError"),
        (redirect(json!({"StatusCode": "HTTP_301", "Path": "web"})), "ValidationError"),
        (json!({"Type": "authenticate-oidc", "Order": 1}), "InvalidLoadBalancerAction"),
    ];
    for (action, code) in cases {
        let refused = setup.refused("CreateListener", &listener_of(&balancer, 80, &action));
        assert_eq!(refused, code, "{action}");
    }
    let two = with(
        listener_of(&balancer, 80, &nothing_here()),
        "DefaultActions",
        json!([with(nothing_here(), "Order", 1), with(forward(&group), "Order", 2),]),
    );
    assert_eq!(setup.refused("CreateListener", &two), "TooManyActions");
    let plain = redirect(json!({"Protocol": "HTTP", "Port": "80", "StatusCode": "HTTP_301"}));
    let request = with(https_of(&balancer), "DefaultActions", json!([plain]));
    assert_eq!(setup.refused("CreateListener", &request), "InvalidLoadBalancerAction");
}

#[test]
fn who_signs_in_does_so_before_the_request_goes_on() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let oidc = json!({"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {
        "Issuer": "https://a", "AuthorizationEndpoint": "https://a/b", "TokenEndpoint": "https://a/c",
        "UserInfoEndpoint": "https://a/d", "ClientId": "me", "ClientSecret": "secret",
    }});
    let request =
        with(https_of(&balancer), "DefaultActions", json!([with(forward(&group), "Order", 2), oidc]));
    let answer = setup.account.xml("CreateListener", &request);
    assert_eq!(all(&answer, "Type"), ["authenticate-oidc", "forward"]);
    assert_eq!(one(&answer, "SessionTimeout"), "604800");
    assert!(!answer.contains("secret"));
}

#[test]
fn a_target_group_serves_one_load_balancer() {
    let mut setup = Setup::new();
    let (first, second) = (setup.balancer("first"), setup.balancer("second"));
    let group = setup.group("web");
    setup.account.ok("CreateListener", &listener_of(&first, 80, &forward(&group)));
    let elsewhere = listener_of(&second, 80, &forward(&group));
    assert_eq!(setup.refused("CreateListener", &elsewhere), "TargetGroupAssociationLimit");
    let tcp = with(setup.group_of("tcp"), "Protocol", "TCP");
    let tcp = one(&setup.account.xml("CreateTargetGroup", &tcp), "TargetGroupArn");
    let request = listener_of(&second, 80, &forward(&tcp));
    assert_eq!(setup.refused("CreateListener", &request), "IncompatibleProtocols");
}

#[test]
fn a_load_balancer_has_fifty_listeners_in_the_order_of_their_ports() {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    for port in (8000..8050).rev() {
        setup.listener(&balancer, port);
    }
    let request = listener_of(&balancer, 80, &nothing_here());
    assert_eq!(setup.refused("CreateListener", &request), "TooManyListeners");
    let page = json!({"LoadBalancerArn": balancer, "PageSize": 2});
    let answer = setup.account.xml("DescribeListeners", &page);
    assert_eq!(all(&answer, "Port"), ["8000", "8001"]);
    let next = with(page, "Marker", one(&answer, "NextMarker"));
    assert_eq!(all(&setup.account.xml("DescribeListeners", &next), "Port"), ["8002", "8003"]);
    assert_eq!(setup.refused("DescribeListeners", &json!({})), "ValidationError");
}

#[test]
fn listeners_have_attributes_by_their_protocol() {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    let listener = setup.listener(&balancer, 80);
    let change = |key: &str, value: &str| json!({"ListenerArn": listener, "Attributes": [{"Key": key, "Value": value}]});
    let server = change("routing.http.response.server.enabled", "false");
    let answer = setup.account.xml("ModifyListenerAttributes", &server);
    assert_eq!(attribute(&answer, "routing.http.response.server.enabled"), "false");
    let tls = change("routing.http.request.x_amzn_tls_version.header_name", "X");
    assert_eq!(setup.refused("ModifyListenerAttributes", &tls), "ValidationError");
}
