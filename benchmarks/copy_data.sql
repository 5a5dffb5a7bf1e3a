-- A live database of any size: customers, catalogue, orders and links of a marketplace, for benchmarks/copy.py.
INSERT INTO accounts_seller (id, slug, name, status, time_zone, currency, contact_name, contact_email, phone, street,
        city, postcode, country, tax_id, bank_account, created_at, updated_at)
    SELECT i, 'seller-' || i, 'Seller ' || i, 'active', 'UTC', 'EUR', 'Contact ' || i, 'contact' || i || '@seller.example',
        '+49 30 ' || i, 'Street ' || i, 'Berlin', '10115', 'DE', 'DE' || 100000000 + i, 'DE89370400440532013000', now(), now()
    FROM generate_series(1, %(seller)s) AS i;
INSERT INTO hub_connection (id, seller_id, slug, name, platform, role, base_url, settings, field_map, webhook_token,
        state, state_reason, pause_reason, read_only, created_at, updated_at)
    SELECT i, i, 'shop-' || i, 'Shop', 'rest', 'shop', 'https://shop' || i || '.example', '{}', '{}', 'token-' || i,
        'active', '', '', false, now(), now()
    FROM generate_series(1, %(seller)s) AS i;
INSERT INTO catalog_stocklocation (id, seller_id, code, name)
    SELECT i, i, 'main', 'Main' FROM generate_series(1, %(seller)s) AS i;
INSERT INTO catalog_pricelist (id, seller_id, slug, name, currency)
    SELECT i, i, 'default', 'Default', 'EUR' FROM generate_series(1, %(seller)s) AS i;
INSERT INTO orders_customer (id, seller_id, email, first_name, last_name, company_name, phone, tax_id, accounting_id,
        sales_agent_groups, price_lists, b2b_enabled, status, note, revision, created_at, updated_at)
    SELECT i, 1 + i %% %(seller)s, 'customer' || i || '@example' || i %% 50 || '.com',
        (ARRAY['Anna', 'Berta', 'Carl', 'Dora', 'Emil'])[1 + i %% 5], 'Family ' || i %% 5000,
        CASE WHEN i %% 3 = 0 THEN 'Company ' || i %% 9000 ELSE '' END, '+49 30 ' || i, '', '', '{}', '{}', false,
        'active', CASE WHEN i %% 10 = 0 THEN 'Wants a call, or a mail to customer' || i || '@example.com.' ELSE '' END,
        i, now(), now()
    FROM generate_series(1, %(customer)s) AS i;
INSERT INTO catalog_product (id, seller_id, title, slug, description, product_type, attributes, status, revision,
        created_at, updated_at)
    SELECT i, 1 + i %% %(seller)s, 'Product ' || i, 'product-' || i,
        CASE WHEN i %% 20 = 0 THEN '<style>@media print { p { color: red } }</style>' ELSE '' END
            || repeat('It is made of the best that there is. ', 12), 'physical',
        jsonb_build_object('colour', 'red ' || i %% 9, 'size', i %% 40, 'material', 'cotton'), 'live', i, now(), now()
    FROM generate_series(1, %(product)s) AS i;
INSERT INTO catalog_variant (id, seller_id, product_id, sku, barcode, weight_in_grams, position, cart_image_url, options,
        status, settings, updated_at)
    SELECT i, p.seller_id, p.id, 'SKU-' || i, (4000000000000 + i)::text, 100 + i %% 900, i %% 5,
        'https://images.example/' || i || '.jpg', '[{"name": "Size", "value": "M"}]', 'live', '{}', now()
    FROM generate_series(1, %(variant)s) AS i JOIN catalog_product AS p ON p.id = 1 + i %% %(product)s;
INSERT INTO catalog_stock (id, seller_id, variant_id, location_id, quantity, updated_at)
    SELECT id, seller_id, id, seller_id, id %% 100, now() FROM catalog_variant;
INSERT INTO catalog_price (id, seller_id, price_list_id, variant_id, min_quantity, amount)
    SELECT id, seller_id, seller_id, id, 1, 1 + id %% 100 FROM catalog_variant;
INSERT INTO orders_order (id, seller_id, source_id, number, customer_id, status, source_status, currency, total, tax,
        shipping_cost, placed_at, placed_through_b2b, cart_id, customer_note, internal_note, ip_address, revision, updated_at)
    SELECT i, c.seller_id, c.seller_id, 'N-' || i, c.id, 'shipped', 'complete', 'EUR', i %% 1000, 0, 0,
        now() - i * interval '1 minute', false, '',
        CASE WHEN i %% 5 = 0 THEN 'Please ring twice, number ' || i ELSE '' END, '',
        ('10.' || i %% 250 || '.' || i %% 200 || '.1')::inet, i, now()
    FROM generate_series(1, %(order)s) AS i JOIN orders_customer AS c ON c.id = 1 + i %% %(customer)s;
INSERT INTO orders_address (id, seller_id, order_id, use, external_id, first_name, last_name, company, street, street2,
        city, region, postcode, country, phone, email)
    SELECT o.id, o.seller_id, o.id, 'shipping', '', c.first_name, c.last_name, c.company_name,
        'Street ' || o.id %% 20000, '', 'City ' || o.id %% 2000, '', lpad((o.id %% 30000)::text, 5, '0'), 'DE', c.phone, c.email
    FROM orders_order AS o JOIN orders_customer AS c ON c.id = o.customer_id WHERE o.id <= %(address)s;
INSERT INTO orders_orderline (id, seller_id, order_id, variant_id, position, sku, title, vendor, quantity, unit_price, status)
    SELECT i, o.seller_id, o.id, NULL, i %% 4, 'SKU-' || i %% 50000, 'Product ' || i %% 50000, '', 1 + i %% 3, i %% 100, 'shipped'
    FROM generate_series(1, %(line)s) AS i JOIN orders_order AS o ON o.id = 1 + i %% %(order)s;
INSERT INTO hub_link (id, connection_id, kind, external_id, item_id, received_hash, fetched_at, missing, sent_hash)
    SELECT v.id, v.seller_id, 'variant', (900000 + v.id)::text, v.id, decode(md5(v.id::text), 'hex'), now(), false,
        decode(md5('sent' || v.id), 'hex')
    FROM catalog_variant AS v WHERE v.id <= %(link)s;
