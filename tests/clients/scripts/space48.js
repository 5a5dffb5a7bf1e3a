// Uses the client `@space48/bigcommerce-api`; prints what it found.
require("./to_sandbox");
const { Management } = require("@space48/bigcommerce-api");

const config = { storeHash: "alpha", accessToken: "token" };
const v2 = new Management.V2.Client(config);
const v3 = new Management.V3.Client(config);

async function all(listing) {
  const found = [];
  for await (const each of listing) found.push(each);
  return found;
}

async function main() {
  const products = await all(v3.list("/catalog/products", { query: { limit: 5 } }));
  const lamp = { name: "Lamp", type: "physical", weight: 1, price: 20, categories: [] };
  const created = await v3.post("/catalog/products", { body: lamp });
  await v3.put("/catalog/products/{product_id}", { path: { product_id: created.id }, body: { price: 30 } });
  const rejected = await v3.send("POST /catalog/products", { body: lamp });
  const orders = await v2.get("/orders", { query: { limit: 250 } });
  const customers = await all(v3.list("/customers", { query: { limit: 3 } }));
  return {
    products: products.map((each) => each.name),
    created: created.id,
    rejected: rejected.status,
    orders: orders.map((each) => each.id),
    customers: customers.map((each) => each.email),
    store: (await v2.get("/store")).name,
  };
}

main().then((found) => console.log(JSON.stringify(found)));
