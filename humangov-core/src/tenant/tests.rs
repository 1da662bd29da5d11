// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<BTreeSet<_>>().len()
}

#[test]
fn fifty_states_have_fifty_of_each_code() {
    assert_eq!(distinct(UsState::ALL.iter().map(|state| state.postal_code())), 50);
    assert_eq!(distinct(UsState::ALL.iter().map(|state| state.fips())), 50);
    assert_eq!(distinct(UsState::ALL.iter().map(|state| state.slug())), 50);
    assert_eq!(distinct(UsState::ALL.iter().map(|state| state.display_name())), 50);
}

#[test]
fn states_are_listed_in_the_order_of_name_slug_and_fips() {
    assert!(UsState::ALL.is_sorted());
    assert!(UsState::ALL.is_sorted_by_key(|state| state.slug()));
    assert!(UsState::ALL.is_sorted_by_key(|state| state.display_name()));
    assert!(UsState::ALL.is_sorted_by_key(|state| state.fips()));
}

#[test]
fn a_slug_is_the_name_in_lower_case_with_hyphens() {
    for state in UsState::ALL {
        assert_eq!(state.slug(), state.display_name().to_lowercase().replace(' ', "-"));
        assert_eq!(state.us_state_variable(), state.display_name().to_lowercase());
        assert!(state.slug().len() <= 14, "{state}");
        assert_eq!(slug_problems(state.slug(), Tenant::SLUG_MAX), Vec::<String>::new());
    }
}

#[test]
fn fips_codes_skip_the_numbers_of_no_state() {
    let unused = [3, 7, 11, 14, 43, 52];
    let expected: Vec<u8> = (1..=56).filter(|code| !unused.contains(code)).collect();
    assert_eq!(UsState::ALL.map(UsState::fips).to_vec(), expected);
}

#[test]
fn every_spelling_of_a_state_is_read() {
    for state in UsState::ALL {
        let name = state.display_name();
        let spellings = [
            state.postal_code().to_owned(),
            state.postal_code().to_lowercase(),
            state.slug().to_owned(),
            state.slug().replace('-', "_"),
            name.to_owned(),
            name.to_uppercase(),
            name.to_lowercase(),
            format!("  {} ", name.replace(' ', "  ")),
        ];
        for text in spellings {
            assert_eq!(text.parse(), Ok(state), "{text:?}");
            assert_eq!(Tenant::parse(&text, CustomTenants::Refused), Ok(Tenant::State(state)), "{text:?}");
            assert_eq!(Tenant::parse(&text, CustomTenants::Allowed), Ok(Tenant::State(state)), "{text:?}");
        }
    }
}

#[test]
fn a_misspelt_state_is_refused_with_the_nearest_names() {
    let message = |text: &str| text.parse::<UsState>().unwrap_err().to_string();
    assert_eq!(message("califonia"), r#""califonia" is not a US state; did you mean california?"#);
    assert_eq!(
        message("new"),
        r#""new" is not a US state; did you mean new-hampshire, new-jersey or new-mexico?"#
    );
    assert_eq!(
        message("staging"),
        r#""staging" is not a US state; use a name such as new-york or a postal code such as NY"#
    );
    assert_eq!(
        message("\u{1b}[2J"),
        r#""\u{1b}[2J" is not a US state; use a name such as new-york or a postal code such as NY"#
    );
    assert!(message(&"x".repeat(100_000)).len() < 200);
}

#[test]
fn the_district_and_the_territories_are_not_states() {
    for text in ["DC", "District of Columbia", "PR", "Puerto Rico", "GU"] {
        assert!(text.parse::<UsState>().is_err(), "{text}");
    }
    assert!(Tenant::custom("district-of-columbia").is_ok());
}

#[test]
fn custom_tenants_need_the_opt_in() {
    let error = Tenant::parse("staging", CustomTenants::Refused).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ParseTenantErrorKind::Unknown, "tenant.unknown"));
    assert_eq!(error.text(), "staging");
    let tenant = Tenant::parse("staging", CustomTenants::Allowed).unwrap();
    assert_eq!((tenant.slug(), tenant.display_name().as_ref()), ("staging", "Staging"));
}

#[test]
fn a_malformed_slug_is_refused_with_every_problem() {
    for slug in ["", "-a", "a-", "a--b", "1a", "Staging", "a_b", "a.b", "ü", "abcdefghijklmnopqrstu"] {
        let error = Tenant::custom(slug).unwrap_err();
        assert_eq!(error.kind(), ParseTenantErrorKind::InvalidSlug, "{slug}");
        assert_eq!(error.code(), "tenant.invalid_slug");
    }
    assert!(Tenant::custom("abcdefghijklmnopqrst").is_ok());
    assert_eq!(
        Tenant::custom("9_Havai-").unwrap_err().to_string(),
        "\"9_Havai-\" is neither a US state nor a tenant name: only a-z, 0-9 and \"-\" are allowed, \
         the first character must be a letter, it must not end with \"-\""
    );
}

#[test]
fn a_slug_with_another_meaning_is_refused() {
    let states =
        UsState::ALL.iter().flat_map(|state| [state.slug().to_owned(), state.postal_code().to_lowercase()]);
    for slug in states.chain(["base".to_owned(), "shared".to_owned()]) {
        let error = Tenant::custom(&slug).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ParseTenantErrorKind::Reserved, "tenant.reserved"),
            "{slug}"
        );
    }
    assert_eq!(
        Tenant::custom("ca").unwrap_err().to_string(),
        r#""ca" cannot name a custom tenant: it is the name or postal code of a US state"#
    );
}

#[test]
fn states_have_distinct_rule_priorities_apart_from_the_custom_ones() {
    let priorities = UsState::ALL.map(|state| Tenant::State(state).rule_priority());
    assert_eq!(distinct(priorities.iter()), 50);
    assert_eq!((priorities.iter().min(), priorities.iter().max()), (Some(&110), Some(&660)));
}

#[test]
fn rule_priorities_never_change_between_versions() {
    assert_eq!(Tenant::State(UsState::California).rule_priority(), 160);
    assert_eq!(fnv1a(b""), 0x811c_9dc5);
    assert_eq!(fnv1a(b"a"), 0xe40c_292c);
    assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    assert_eq!(Tenant::custom("staging").unwrap().rule_priority(), 18_422);
}

#[test]
fn states_come_before_custom_tenants() {
    let custom = Tenant::custom("aardvark").unwrap();
    assert!(Tenant::State(UsState::Wyoming) < custom);
    assert!(custom < Tenant::custom("staging").unwrap());
}

#[test]
fn a_tenant_is_recorded_as_its_slug() {
    let tenants = vec![Tenant::State(UsState::NewYork), Tenant::custom("qa-2").unwrap()];
    let text = serde_json::to_string(&tenants).unwrap();
    assert_eq!(text, r#"["new-york","qa-2"]"#);
    assert_eq!(serde_json::from_str::<Vec<Tenant>>(&text).unwrap(), tenants);
    assert!(serde_json::from_str::<Tenant>(r#""Not A Slug""#).is_err());
    assert_eq!(serde_json::from_str::<UsState>(r#""NY""#).unwrap(), UsState::NewYork);
    let error = serde_json::from_str::<UsState>(r#""califonia""#).unwrap_err().to_string();
    assert!(error.contains("did you mean california?"), "{error}");
}

#[test]
fn the_application_shows_each_word_capitalised() {
    // What the application does with the variable.
    let shown = |text: &str| text.split_whitespace().map(capitalised).collect::<Vec<_>>().join(" ");
    for tenant in
        UsState::ALL.map(Tenant::State).into_iter().chain([Tenant::custom("pre-production").unwrap()])
    {
        assert_eq!(shown(&tenant.us_state_variable()), tenant.display_name());
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_every_error_has_a_message(text in ".{0,60}") {
        for custom in [CustomTenants::Allowed, CustomTenants::Refused] {
            match Tenant::parse(&text, custom) {
                Ok(tenant) => {
                    prop_assert!(tenant.slug().len() <= Tenant::SLUG_MAX);
                    prop_assert_eq!(Tenant::parse(tenant.slug(), custom), Ok(tenant));
                }
                Err(error) => {
                    prop_assert!(!error.to_string().is_empty());
                    prop_assert!(error.suggestions().len() <= 3);
                }
            }
        }
    }

    #[test]
    fn custom_priorities_stay_in_their_range(slug in "[a-z][a-z0-9]{2,19}") {
        if let Ok(tenant) = Tenant::custom(&slug) {
            prop_assert!((10_000..50_000).contains(&tenant.rule_priority()));
        }
    }

    #[test]
    fn one_typo_in_a_long_name_suggests_that_state(
        state in proptest::sample::select(&UsState::ALL[..]),
        at in any::<proptest::sample::Index>(),
        letter in proptest::char::range('a', 'z'),
    ) {
        let mut text: Vec<char> = state.slug().chars().collect();
        let at = at.index(text.len());
        text[at] = letter;
        let text: String = text.into_iter().collect();
        match text.parse::<UsState>() {
            Ok(found) => prop_assert_eq!(found, state),
            Err(error) => prop_assert!(error.suggestions().contains(&state), "{}", error),
        }
    }
}
