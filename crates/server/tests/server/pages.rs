//! The desk, where it is served and where it is not.

use encke_testkit::Request;

use crate::house::House;

#[tokio::test]
async fn desk_is_served_with_its_policy() {
    let house = House::demo().await;
    for path in ["/", "/desk/"] {
        let page = house.ask(&Request::new("GET", path)).await;
        assert_eq!(page.status, 200);
        assert!(page.text().starts_with("<!doctype html>"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'"), "{policy}");
        assert!(!page.text().contains("<script>"), "nothing inline");
    }
    let head = house.ask(&Request::new("HEAD", "/desk/")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    house.end().await;
}

#[tokio::test]
async fn desk_is_absent_where_it_is_switched_off() {
    let house = House::with(|settings| settings.desk.enabled = false).await;
    assert_eq!(house.ask(&Request::new("GET", "/desk/")).await.status, 404);
    house.end().await;
}
