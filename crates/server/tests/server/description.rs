//! The descriptions of the REST surface and of the notifications, which anybody may read.

use encke_testkit::Request;

use crate::house::House;

fn openapi() -> Request {
    Request::new("GET", "/openapi.json")
}

#[tokio::test]
async fn the_surface_is_described_to_anybody() {
    let house = House::with(|settings| settings.desk.enabled = false).await;
    let described = house.ask(&openapi()).await;
    assert_eq!(
        (described.status, described.header("content-type")),
        (200, Some("application/json"))
    );
    let document = described.value();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_some() {
            let asked = Request::new("GET", &path.replace("{id}", "x"));
            let answer = house.ask(&asked).await;
            assert_eq!((answer.status, &answer.value()["statusCode"]), (403, &20.into()), "{path}");
        }
    }
    house.end().await;
}

#[tokio::test]
async fn the_notifications_are_described_beside_it() {
    let house = House::with(|settings| settings.desk.enabled = false).await;
    let described = house.ask(&Request::new("GET", "/asyncapi.json")).await;
    assert_eq!(
        (described.status, described.header("content-type")),
        (200, Some("application/json"))
    );
    let document = described.value();
    assert_eq!(document["channels"]["calls"]["address"], "/v2/me/calls");
    let resources = house.ask(&openapi()).await.value();
    let call = document["components"]["schemas"]["WholeCall"]["allOf"][0]["$ref"].as_str();
    let pointer = call.unwrap().strip_prefix("openapi.json#").unwrap();
    assert!(resources.pointer(pointer).is_some(), "{pointer}");
    house.end().await;
}

#[tokio::test]
async fn the_description_is_sent_again_only_when_it_changed() {
    let house = House::demo().await;
    let tag = house.ask(&openapi()).await.header("etag").unwrap().to_owned();
    let again = house.ask(&openapi().header("if-none-match", &tag)).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = house.ask(&openapi().header("if-none-match", "\"other\"")).await;
    assert_eq!(other.status, 200);
    let head = house.ask(&Request::new("HEAD", "/openapi.json")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let post = house.ask(&Request::new("POST", "/openapi.json")).await;
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    house.end().await;
}
