//! Is what is not right refused in the documented words? A no that is understood can be acted on.
//!
//! Rows: P7, D4.

use domain::money::Amount;
use domain::partner::Product;
use uuid::Uuid;

use crate::conformance::check::Promise;
use crate::conformance::run::Run;
use crate::partners::Order;

const NO_SUCH_PRODUCT: Promise = Promise {
    id: "no_such_product",
    title: "A product that does not exist is refused",
    expected: "422 product_unavailable",
};
const NO_AMOUNT: Promise = Promise {
    id: "no_such_amount",
    title: "An order of nothing is refused",
    expected: "422 amount_not_allowed",
};
const NO_KEY: Promise = Promise {
    id: "no_key",
    title: "An order without a key is refused",
    expected: "400 invalid_request",
};
const NOT_READABLE: Promise = Promise {
    id: "not_readable",
    title: "An order that cannot be read is refused",
    expected: "400 invalid_request",
};

/// Tries what must be refused where this product is ordered.
pub async fn of(run: &mut Run<'_>, product: &Product) {
    let about = Some(product.id.as_str());
    let path = format!("/{}", run.place(product));
    let Some(order) = run.order(product) else {
        let all = [&NO_SUCH_PRODUCT, &NO_AMOUNT, &NO_KEY, &NOT_READABLE];
        let why = "give an account of the partner's for trying, with --test-data";
        return run.list.leave_out(&all, about, why);
    };
    let unknown = Order { product: "no-such-product".to_owned(), ..order.clone() };
    let nothing = Order { amount: Amount::ZERO, ..order.clone() };
    let body = |order: &Order| (run.dialect.body)(order);
    let tries = [
        (&NO_SUCH_PRODUCT, body(&unknown), true, (422, "product_unavailable")),
        (&NO_AMOUNT, body(&nothing), true, (422, "amount_not_allowed")),
        (&NO_KEY, body(&order), false, (400, "invalid_request")),
        (&NOT_READABLE, b"{\"reference\":".to_vec(), true, (400, "invalid_request")),
    ];
    for (promise, body, has_key, (status, code)) in tries {
        let key = has_key.then(|| Uuid::new_v4().to_string());
        let timed = run.caller.post(&path, key.as_deref(), &body).await;
        run.list.add(promise, about, timed.is_refusal(status, code));
    }
}
