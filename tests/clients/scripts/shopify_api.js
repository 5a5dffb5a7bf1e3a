// @shopify/shopify-api: the GraphQL client, reading and writing, and its validation of webhooks and of installations that we sign.
const sandbox = process.env.SANDBOX;
const fetchThere = globalThis.fetch;
globalThis.fetch = (url, options) => fetchThere(String(url).replace("https://alpha.myshopify.com", sandbox), options);

require("@shopify/shopify-api/adapters/node");
const { setAbstractFetchFunc } = require("@shopify/shopify-api/runtime");
const { shopifyApi, Session } = require("@shopify/shopify-api");

setAbstractFetchFunc(globalThis.fetch);
const shopify = shopifyApi({
  apiKey: "sandbox-client",
  apiSecretKey: "sandbox-secret",
  scopes: ["read_products"],
  hostName: "hub.example",
  apiVersion: "2026-07",
  isEmbeddedApp: false,
  logger: { level: 0 },
});

const productSet = `
  mutation Set($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
    productSet(input: $input, identifier: $identifier, synchronous: true) {
      product { id handle variants(first: 5) { nodes { id sku price } } }
      userErrors { field message code }
    }
  }`;
const newPrices = `
  mutation Prices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
    productVariantsBulkUpdate(productId: $product, variants: $variants) {
      productVariants { sku price compareAtPrice }
      userErrors { field message code }
    }
  }`;

// A product with two variants, whose prices are reduced; then a price that the store rejects.
async function write(client) {
  const values = ["S", "M"].map((name) => ({ optionName: "Size", name }));
  const input = {
    title: "Stool of a client",
    productOptions: [{ name: "Size", values: values.map(({ name }) => ({ name })) }],
    variants: values.map((each) => ({ optionValues: [each], sku: `STOOL-${each.name}`, price: "30.00" })),
  };
  const identifier = { handle: "stool-of-a-client" };
  const set = (await client.request(productSet, { variables: { input, identifier } })).data.productSet;
  const change = async (price) => {
    const variants = set.product.variants.nodes.map(({ id }) => ({ id, price, compareAtPrice: "30.00" }));
    const answer = await client.request(newPrices, { variables: { product: set.product.id, variants } });
    return answer.data.productVariantsBulkUpdate;
  };
  return { set, reduced: await change("24.50"), rejected: await change("-1") };
}

async function main() {
  const session = new Session({
    id: "offline_alpha.myshopify.com",
    shop: "alpha.myshopify.com",
    state: "",
    isOnline: false,
    accessToken: "token",
  });
  const client = new shopify.clients.Graphql({ session, apiVersion: "2026-07" });
  const answer = await client.request(
    "query Page($first: Int!, $after: String) { products(first: $first, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } } }",
    { variables: { first: 5 } },
  );
  const rejected = await client.request("{ products(first: 1) { nodes { colour } } }").then(
    () => "accepted",
    (error) => error.constructor.name,
  );
  const written = await write(client);
  const delivery = JSON.parse(process.env.DELIVERY);
  const request = (body) => ({ method: "POST", url: "/webhooks/token", headers: delivery.headers, body });
  const validate = async (body) =>
    (await shopify.webhooks.validate({ rawBody: body, rawRequest: request(body), rawResponse: {} })).valid;
  const query = JSON.parse(process.env.CALLBACK);
  console.log(
    JSON.stringify({
      titles: answer.data.products.nodes.map((row) => row.title),
      more: answer.data.products.pageInfo.hasNextPage,
      cost: Object.keys(answer.extensions.cost).sort(),
      rejected,
      written,
      webhooks: [await validate(delivery.body), await validate(delivery.body + " ")],
      callbacks: [
        await shopify.utils.validateHmac(query),
        await shopify.utils.validateHmac({ ...query, shop: "evil.myshopify.com" }),
      ],
    }),
  );
}

main();
