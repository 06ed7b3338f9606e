//! Keys that are fetched, and what happens to tokens while they are not there.

use futures::future::join_all;
use tokio::task::JoinSet;

use super::issuer::Issuer;
use super::*;

/// Fails a test that waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Setup {
    issuer: Issuer,
    tokens: Arc<Tokens>,
    signer: Signer,
    running: JoinSet<()>,
}

impl Setup {
    /// Keys of an issuer who has said this.
    async fn with(said: impl FnOnce(&Issuer, &Signer)) -> Self {
        Self::patient(PATIENCE, said).await
    }

    async fn patient(timeout: Duration, said: impl FnOnce(&Issuer, &Signer)) -> Self {
        Self::of(Issuer::open().await, None, timeout, said).await
    }

    async fn of(
        issuer: Issuer,
        ca_file: Option<PathBuf>,
        timeout: Duration,
        said: impl FnOnce(&Issuer, &Signer),
    ) -> Self {
        let signer = Signer::new();
        said(&issuer, &signer);
        let source = issuer.source(timeout, ca_file);
        let tokens = Arc::new(Tokens::open(config(source)).unwrap());
        let mut running = JoinSet::new();
        running.spawn(tokens.follow().unwrap());
        let setup = Self { issuer, tokens, signer, running };
        setup.fetches(1).await;
        setup
    }

    /// Waits for so many fetches to have ended.
    async fn fetches(&self, count: u64) {
        let ended = async {
            while self.tokens.fetches().map(|(good, bad)| good + bad) < Some(count) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
    }

    /// Whether a token under this key's name is taken.
    fn takes(&self, key: &str) -> Result<(), TokenError> {
        check(&self.tokens, &self.signer.named(key, &claims())).map(drop)
    }

    /// Waits for other keys, long after the last fetch began.
    async fn other_keys(&self) -> bool {
        let waiting = self.tokens.other_keys(clock::now() + Issuer::later());
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }
}

#[tokio::test]
async fn keys_are_fetched_at_start() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set_of("a"))).await;
    assert_eq!(setup.takes("a"), Ok(()));
    assert_eq!((setup.tokens.keys(), setup.tokens.fetches()), (1, Some((1, 0))));
}

#[tokio::test]
async fn secret_in_a_fetched_set_does_not_count() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set())).await;
    let token = setup.signer.token(Algorithm::HS256, &claims());
    assert_eq!(check(&setup.tokens, &token), Err(TokenError::Algorithm));
    assert_eq!(setup.tokens.keys(), 4);
}

#[tokio::test]
async fn unknown_key_brings_about_one_fetch_that_all_wait_for() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set_of("a"))).await;
    assert_eq!(setup.takes("b"), Err(TokenError::UnknownKey));
    setup.issuer.say(&setup.signer.set_of("b"));
    let waited = join_all((0..50).map(|_| setup.other_keys())).await;
    assert_eq!(waited, [true; 50]);
    assert_eq!(setup.issuer.asked(), 2);
    assert_eq!(setup.takes("b"), Ok(()));
    assert_eq!(setup.takes("a"), Err(TokenError::UnknownKey), "it is not published any more");
}

#[tokio::test]
async fn unknown_keys_soon_after_a_fetch_bring_about_nothing() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set_of("a"))).await;
    for _ in 0..1_000 {
        assert!(!setup.tokens.other_keys(clock::now()).await);
    }
    assert_eq!(setup.issuer.asked(), 1);
}

#[tokio::test]
async fn keys_that_change_make_every_token_be_checked_again() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set_of("a"))).await;
    let token = Token::for_test(&setup.signer.named("a", &claims()));
    setup.tokens.check(&token, now()).unwrap();
    assert!(setup.tokens.remembered(&token, clock::now()).is_some());
    assert!(setup.other_keys().await);
    assert!(setup.tokens.remembered(&token, clock::now()).is_some(), "nothing has changed");
    setup.issuer.say(&setup.signer.set_of("b"));
    assert!(setup.other_keys().await);
    assert!(setup.tokens.remembered(&token, clock::now()).is_none());
}

#[tokio::test]
async fn failure_keeps_the_old_keys() {
    let setup = Setup::with(|issuer, signer| issuer.say(&signer.set_of("a"))).await;
    let too_long = format!("{}{}", setup.signer.set_of("b"), " ".repeat(5_000));
    for (failures, (status, body)) in [
        ("503 Service Unavailable", setup.signer.set_of("b").to_string()),
        ("302 Found", String::new()),
        ("200 OK", too_long),
        ("200 OK", "no set".to_owned()),
        ("200 OK", json!({"keys": []}).to_string()),
    ]
    .into_iter()
    .enumerate()
    {
        setup.issuer.answer(status, &body);
        assert!(setup.other_keys().await);
        let failed = u64::try_from(failures).unwrap() + 1;
        assert_eq!(setup.tokens.fetches(), Some((1, failed)), "{status}");
        assert_eq!(setup.takes("a"), Ok(()));
        assert_eq!(setup.takes("b"), Err(TokenError::UnknownKey));
    }
}

#[tokio::test]
async fn silent_issuer_is_given_up() {
    let setup = Setup::patient(Duration::from_millis(50), |_, _| {}).await;
    assert_eq!(setup.tokens.fetches(), Some((0, 1)));
    assert_eq!(setup.takes("a"), Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn request_goes_on_when_nobody_fetches_any_more() {
    let mut setup =
        Setup::patient(Duration::from_secs(1), |issuer, signer| issuer.say(&signer.set_of("a")))
            .await;
    setup.running.shutdown().await;
    assert!(setup.other_keys().await);
    assert_eq!(setup.takes("a"), Ok(()));
}

#[tokio::test]
async fn issuer_is_trusted_by_its_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    let names = || vec!["127.0.0.1".to_owned()];
    let ours = rcgen::generate_simple_self_signed(names()).unwrap();
    let other = rcgen::generate_simple_self_signed(names()).unwrap();
    let certificate = write("certificate", ours.cert.pem());
    let key = write("key", ours.signing_key.serialize_pem());
    let other = write("other", other.cert.pem());
    for (ca_file, outcome) in
        [(Some(certificate.clone()), (1, 0)), (Some(other), (0, 1)), (None, (0, 1))]
    {
        let tls = crate::listener::tls_acceptor(&certificate, &key).unwrap();
        let issuer = Issuer::open_tls(tls).await;
        let said = |issuer: &Issuer, signer: &Signer| issuer.say(&signer.set_of("a"));
        let setup = Setup::of(issuer, ca_file, PATIENCE, said).await;
        assert_eq!(setup.tokens.fetches(), Some(outcome));
        assert_eq!(setup.takes("a").is_ok(), outcome.0 == 1);
    }
}
