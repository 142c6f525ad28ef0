//! Rows: Q4.

use actix_web::test::TestRequest;
use actix_web::{FromRequest, dev::Payload};
use domain::ids::Position;

use crate::http::position::AtLeast;

async fn read(value: &str) -> Option<Position> {
    let request = TestRequest::get().insert_header(("Ledger-Min-Position", value));
    let request = request.to_http_request();
    AtLeast::from_request(&request, &mut Payload::None).await.ok().map(|at_least| at_least.0)
}

#[actix_web::test]
async fn a_position_is_a_whole_number_and_garbage_is_refused() {
    assert_eq!(read("42").await, Some(Position(42)));
    assert_eq!(read(" 0 ").await, Some(Position(0)));
    for garbage in ["", "-1", "+1", "1.5", "x", "9223372036854775808", "1 2"] {
        assert_eq!(read(garbage).await, None, "{garbage}");
    }
}

#[actix_web::test]
async fn without_the_header_any_position_will_do() {
    let request = TestRequest::get().to_http_request();
    let at_least = AtLeast::from_request(&request, &mut Payload::None).await.expect("accepted");
    assert_eq!(at_least.0, Position(0));
}
