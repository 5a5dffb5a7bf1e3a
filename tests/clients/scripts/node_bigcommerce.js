// Uses the client `node-bigcommerce`; prints what it found.
require("./to_sandbox");
const BigCommerce = require("node-bigcommerce");

const config = { clientId: "client", accessToken: "token", storeHash: "alpha", responseType: "json" };
const v2 = new BigCommerce(config);
const v3 = new BigCommerce({ ...config, apiVersion: "v3" });

async function main() {
  const products = await v3.get("/catalog/products?limit=250");
  const lamp = { name: "Lamp", type: "physical", weight: 1, price: 20, categories: [] };
  const created = await v3.post("/catalog/products", lamp);
  await v3.put(`/catalog/products/${created.data.id}`, { price: 30 });
  const rejected = await v3.post("/catalog/products", lamp).catch((error) => error.code);
  const orders = await v2.get("/orders?limit=250");
  const customers = await v2.get("/customers?limit=250");
  return {
    products: products.data.map((each) => each.name),
    created: created.data.id,
    rejected,
    orders: orders.map((each) => each.id),
    customers: customers.map((each) => each.email),
    store: (await v2.get("/store")).name,
  };
}

main().then((found) => console.log(JSON.stringify(found)));
