// Uses the vendor's client `@woocommerce/woocommerce-rest-api`: OAuth 1.0a on plain HTTP; prints what it found.
const { default: WooCommerceRestApi } = require("@woocommerce/woocommerce-rest-api");

const config = { url: process.env.SANDBOX, consumerKey: "ck_alpha", version: "wc/v3" };
const api = new WooCommerceRestApi({ ...config, consumerSecret: "alpha-secret" });
const wrong = new WooCommerceRestApi({ ...config, consumerSecret: "wrong" });

async function main() {
  const products = await api.get("products", { per_page: 5, status: "any" });
  const hook = await api.post("webhooks", {
    name: "Order updated",
    topic: "order.updated",
    delivery_url: "http://127.0.0.1:9/",
    secret: "word",
  });
  const paused = await api.put(`webhooks/${hook.data.id}`, { status: "paused" });
  const refused = await api.post("webhooks", { topic: "order.read", delivery_url: "http://127.0.0.1:9/" })
    .catch((error) => error.response.data.code);
  const categories = await api.get("products/categories", { per_page: 100 });
  const denied = await wrong.get("orders").catch((error) => error.response.status);
  return {
    total: Number(products.headers["x-wp-total"]),
    pages: Number(products.headers["x-wp-totalpages"]),
    status: paused.data.status,
    refused,
    categories: categories.data.length,
    denied,
  };
}

main().then((found) => console.log(JSON.stringify(found)));
