//! The table of Flux's flags, and how values are read.

use super::*;
use crate::backoff::Pace;
use crate::flags::without_effect::WITHOUT_EFFECT;

/// Every flag of source-controller 1.10 and what it is by default. `-` is nothing at all.
const FLAGS: &str = "
    metrics-addr :8080
    health-addr :9440
    events-addr
    storage-path /data
    storage-addr :9090
    storage-adv-addr
    artifact-retention-ttl 1m
    artifact-retention-records 2
    artifact-digest-algo sha256
    concurrent 2
    requeue-dependency 30s
    helm-index-max-size 52428800
    helm-chart-max-size 10485760
    helm-chart-file-max-size 5242880
    helm-cache-max-size 0
    helm-cache-ttl 15m
    helm-cache-purge-interval 1m
    token-cache-max-size 100
    token-cache-max-duration 1h
    default-service-account
    authorized-artifact-client-spiffe-id -
    authorized-event-server-spiffe-id -
    spiffe-broker-endpoint
    spiffe-broker-id -
    watch-all-namespaces true
    watch-label-selector
    watch-configs-label-selector reconcile.fluxcd.io/watch=Enabled
    interval-jitter-percentage 5
    min-retry-delay 750ms
    max-retry-delay 15m
    kube-api-qps 50
    kube-api-burst 300
    log-level info
    log-encoding json
    enable-leader-election false
    leader-election-release-on-cancel true
    leader-election-lease-duration 35s
    leader-election-renew-deadline 30s
    leader-election-retry-period 5s
    feature-gates -
    ssh-kex-algos -
    ssh-hostkey-algos -
    kubeconfig -
    token-realm -
    trusted-root -
    require-index-digest false
";

fn no_environment(_: &str) -> Option<String> {
    None
}

fn parsed(arguments: &str) -> Result<(Flags, ArgMatches), clap::Error> {
    let arguments = std::iter::once("portolan-controller").chain(arguments.split_whitespace());
    parse(arguments.map(OsString::from), no_environment)
}

#[track_caller]
fn run(arguments: &str) -> RunFlags {
    match parsed(arguments).expect("the flags are right").0.command {
        Command::Run(flags) => *flags,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(arguments: &str, because: &str) {
    let error = parsed(arguments)
        .expect_err("the flags are wrong")
        .to_string();
    assert!(error.contains(because), "{error}");
}

#[test]
fn every_flag_of_flux_is_there_with_its_default() {
    let command = command(no_environment);
    let run = command.find_subcommand("run").expect("a subcommand");
    let mut expected: Vec<&str> = FLAGS
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    expected.sort_unstable();
    let mut found: Vec<String> = run
        .get_arguments()
        .filter_map(|arg| {
            let flag = arg.get_long()?;
            let default = arg
                .get_default_values()
                .first()
                .map_or("-", |value| value.to_str().unwrap());
            Some(format!("{flag} {default}").trim().to_owned())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn no_flag_at_all_is_fine() {
    let flags = run("run");
    assert_eq!(flags.reconciling.pace(), Pace::default());
    assert_eq!(flags.addresses.events_addr.0, None);
    assert!(flags.watching.watch_all_namespaces);
    assert_eq!(flags.leader_election.terms().check(), Ok(()));
    assert_eq!(flags.spiffe.check(), Ok(()));
}

#[test]
fn the_arguments_of_fluxs_deployment_need_no_subcommand() {
    let flags = run(
        "--events-addr=http://notification-controller.flux-system.svc.cluster.local. --watch-all-namespaces=true \
         --log-level=info --log-encoding=json --enable-leader-election --storage-path=/data \
         --storage-adv-addr=source-controller.flux-system.svc.cluster.local.",
    );
    assert!(flags.leader_election.enable_leader_election);
    assert_eq!(
        flags.addresses.storage_adv_addr,
        "source-controller.flux-system.svc.cluster.local."
    );
}

#[test]
fn flags_are_written_as_go_reads_them() {
    assert_eq!(run("--concurrent 7").reconciling.concurrent, 7);
    assert_eq!(run("--concurrent=7").reconciling.concurrent, 7);
    assert_eq!(
        run("--concurrent=7 --concurrent=8").reconciling.concurrent,
        8
    );
    assert!(
        run("--enable-leader-election")
            .leader_election
            .enable_leader_election
    );
    for no in ["false", "f", "F", "0", "FALSE", "False"] {
        assert!(
            !run(&format!("--watch-all-namespaces={no}"))
                .watching
                .watch_all_namespaces
        );
    }
    refused("--watch-all-namespaces=no", "`true` or `false`");
    refused("--watch-all-namespaces false", "unexpected argument");
    refused("--unknown", "unexpected argument");
}

#[test]
fn durations_are_gos_and_not_negative() {
    let wait = |text: &str| {
        run(&format!("--max-retry-delay={text}"))
            .reconciling
            .max_retry_delay
    };
    assert_eq!(wait("1h30m").as_secs(), 5400);
    assert_eq!(wait("1.5s").as_millis(), 1500);
    assert_eq!(wait("0").as_secs(), 0);
    refused("--max-retry-delay=-5s", "negative");
    refused("--max-retry-delay=30", "invalid duration");
}

#[test]
fn jitter_is_below_a_hundred_percent() {
    assert_eq!(
        run("--interval-jitter-percentage=0")
            .reconciling
            .pace()
            .jitter_percentage,
        0
    );
    assert_eq!(
        run("--interval-jitter-percentage=99")
            .reconciling
            .pace()
            .jitter_percentage,
        99
    );
    refused("--interval-jitter-percentage=100", "0..=99");
    refused("--interval-jitter-percentage=-1", "0..=99");
}

#[test]
fn values_that_mean_nothing_are_refused() {
    refused(
        "--log-level=warn",
        "possible values: trace, debug, info, error",
    );
    refused("--log-encoding=yaml", "possible values: json, console");
    refused(
        "--artifact-digest-algo=md5",
        "sha256, sha384, sha512 or blake3",
    );
    refused("--concurrent=0", "1..");
    refused("--events-addr=ftp://host", "http or https");
}

#[test]
fn feature_gates_are_known_or_refused() {
    let gates = |text: &str| run(text).reconciling.feature_gates();
    let remarks = |text| gates(text).expect("known").remarks().collect::<Vec<_>>();
    let both =
        remarks("--feature-gates=CacheSecretsAndConfigMaps=true,ObjectLevelWorkloadIdentity=false");
    assert_eq!(both.len(), 2);
    assert!(
        both[1].contains("ObjectLevelWorkloadIdentity is retired"),
        "{both:?}"
    );
    let twice = "--feature-gates=CacheSecretsAndConfigMaps=true --feature-gates ObjectLevelWorkloadIdentity=true";
    assert_eq!(remarks(twice).len(), 2);
    assert!(remarks("run").is_empty());
    for (wrong, because) in [
        ("Unknown=true", "there is no feature gate `Unknown`"),
        ("CacheSecretsAndConfigMaps", "NAME=true"),
        ("CacheSecretsAndConfigMaps=maybe", "`true` or `false`"),
    ] {
        let error = gates(&format!("--feature-gates={wrong}")).expect_err(wrong);
        assert!(error.contains(because), "{error}");
    }
}

#[test]
fn a_token_realm_is_a_registry_and_an_origin() {
    let flags = run(
        "--token-realm=a.example:5000=https://auth.example --token-realm b.example=https://auth.example:8443/",
    );
    let [(first, _), (second, origin)] = flags.access.token_realm.as_slice() else {
        panic!("two realms");
    };
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("a.example:5000", "b.example")
    );
    assert_eq!(origin.as_str(), "https://auth.example:8443/");
    for wrong in [
        "a.example",
        "=https://b",
        "a/b=https://c",
        "a=b",
        "a=https://b/path",
        "a=https://u:p@b",
        "a=ftp://b",
    ] {
        refused(&format!("--token-realm={wrong}"), "REGISTRY=ORIGIN");
    }
}

#[test]
fn a_spiffe_flag_is_named_instead_of_ignored() {
    for flag in [
        "--authorized-artifact-client-spiffe-id",
        "--authorized-event-server-spiffe-id",
        "--spiffe-broker-endpoint",
        "--spiffe-broker-id",
    ] {
        assert_eq!(
            run(&format!("{flag}=spiffe://td/x")).spiffe.check(),
            Err(flag)
        );
    }
    assert_eq!(
        run("--spiffe-broker-id= --spiffe-broker-id=b")
            .spiffe
            .check(),
        Err("--spiffe-broker-id")
    );
}

#[test]
fn a_variable_stands_in_for_a_flag_and_an_empty_one_does_not() {
    let environment = |variable: &str| match variable {
        "STORAGE_ADDRESS" => Some(":1234".to_owned()),
        "METRICS_ADDR" => Some(String::new()),
        "EVENTS_ADDR" => Some("http://events".to_owned()),
        _ => None,
    };
    let arguments =
        ["portolan-controller", "run", "--events-addr=http://given"].map(OsString::from);
    let (flags, _) = parse(arguments, environment).expect("the flags are right");
    let Command::Run(flags) = flags.command else {
        panic!("run");
    };
    assert_eq!(flags.addresses.storage_addr, ":1234");
    assert_eq!(flags.addresses.metrics_addr, ":8080");
    assert_eq!(
        flags.addresses.events_addr.0.expect("an address").as_str(),
        "http://given/"
    );
}

#[test]
fn a_flag_that_does_nothing_says_so_when_given_and_in_the_help() {
    let (_, matches) =
        parsed("run --kube-api-qps=500 --concurrent=3").expect("the flags are right");
    let said = given_without_effect(&matches);
    assert_eq!(
        said,
        [
            "--kube-api-qps has no effect: requests are limited by the API server, by priority and fairness"
        ]
    );
    let help = parsed("run --help").expect_err("help").to_string();
    for (flag, why) in WITHOUT_EFFECT {
        let flag = flag.replace('_', "-");
        assert!(
            help.contains(&format!("--{flag} ")),
            "{flag} is not in {help}"
        );
        let words: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains(&format!("(no effect: {why})")),
            "{why} is not in {help}"
        );
    }
}
