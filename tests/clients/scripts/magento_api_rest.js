// Uses the client `magento-api-rest`, which signs with OAuth 1; prints what it found.
const { default: MagentoApi } = require("magento-api-rest");

const config = {
  url: process.env.SANDBOX,
  type: "all/V1",
  consumerKey: "sandbox-client",
  consumerSecret: "sandbox-secret",
  accessToken: "alpha",
  tokenSecret: "token",
};
const api = new MagentoApi({ ...config, sha: 256 });

const search = (filters) => ({ filter_groups: [{ filters }], pageSize: 100, currentPage: 1 });

async function main() {
  const changed = [{ field: "updated_at", condition_type: "gteq", value: "2000-01-01 00:00:00" }];
  const orders = await api.get("orders", search(changed));
  const product = { sku: "LAMP-1", name: "Shade", attribute_set_id: 4, price: 20, type_id: "simple" };
  const created = await api.post("products", { product });
  const weak = await new MagentoApi(config).get("store/storeConfigs").catch((error) => error.response.status);
  const wrong = await new MagentoApi({ ...config, sha: 256, tokenSecret: "wrong" })
    .get("store/storeConfigs")
    .catch((error) => error.response.status);
  return {
    orders: orders.data.items.map((each) => each.increment_id),
    created: created.data.id,
    weak,
    wrong,
  };
}

main().then((found) => console.log(JSON.stringify(found)));
