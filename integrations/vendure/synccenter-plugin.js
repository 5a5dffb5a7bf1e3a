/**
 * A plugin for Vendure 3 that tells SyncCenter which items changed, because Vendure has no webhooks of its own.
 * docs/platforms/vendure.md explains how to install it. It needs Node.js 20 or later and nothing else:
 *
 *     const { SyncCenterPlugin } = require('./synccenter-plugin');
 *     plugins: [SyncCenterPlugin.init({ url: 'https://hub.example/webhooks/…', secret: '…' })]
 *
 * A message is `{"kind", "keys"}`: at most 100 IDs of one kind. It is signed with HMAC-SHA256 and sent up to six times
 * within about 13 minutes. What is lost nevertheless, SyncCenter finds with its next incremental or full import.
 */
'use strict';

const { createHmac } = require('node:crypto');
const { setTimeout: pause } = require('node:timers/promises');
const {
    CollectionEvent,
    ConfigService,
    CustomerAddressEvent,
    CustomerEvent,
    CustomerGroupChangeEvent,
    EventBus,
    FacetValueEvent,
    HistoryEntryEvent,
    Logger,
    OrderEvent,
    OrderPlacedEvent,
    PluginCommonModule,
    ProductEvent,
    ProductVariantEvent,
    StockMovementEvent,
    VendurePlugin,
} = require('@vendure/core');

const CONTEXT = 'SyncCenterPlugin';
const MAX_KEYS = 100;
// Events of one action, such as an import, are sent together.
const COLLECT_MS = 500;
const RETRY_DELAYS_MS = [1_000, 5_000, 30_000, 120_000, 600_000];

const list = value => (Array.isArray(value) ? value : [value]);
const productId = variant => variant.productId ?? variant.product?.id;

class SyncCenterPlugin {
    static options = {};

    static init(options) {
        SyncCenterPlugin.options = options;
        return SyncCenterPlugin;
    }

    constructor(eventBus, configService) {
        this.eventBus = eventBus;
        this.strategy = configService.entityOptions.entityIdStrategy ?? configService.entityIdStrategy;
        this.waiting = new Map();
        this.timer = undefined;
    }

    onApplicationBootstrap() {
        // Subscribers are called after the transaction of the event has been committed.
        const on = (type, kind, ids) => this.eventBus.ofType(type).subscribe(event => this.add(kind, ids(event)));
        on(ProductEvent, 'products', event => [event.entity.id]);
        on(ProductVariantEvent, 'products', event => list(event.entity).map(productId));
        on(StockMovementEvent, 'products', event => event.stockMovements.map(each => productId(each.productVariant)));
        on(OrderPlacedEvent, 'orders', event => [event.order.id]);
        on(OrderEvent, 'orders', event => [event.order.orderPlacedAt && event.order.id]);
        // Payments, fulfillments, refunds and cancellations all have an entry in the history of their order.
        on(HistoryEntryEvent, 'orders', event => [event.entity.order?.id]);
        on(CustomerEvent, 'customers', event => [event.entity.id]);
        on(CustomerAddressEvent, 'customers', event => [event.entity.customer?.id]);
        on(CustomerGroupChangeEvent, 'customers', event => event.customers.map(each => each.id));
        on(CollectionEvent, 'categories', event => [event.entity.id]);
        on(FacetValueEvent, 'brands', event => [event.entity.id]);
    }

    async onApplicationShutdown() {
        clearTimeout(this.timer);
        await this.flush([]);
    }

    add(kind, ids) {
        const keys = this.waiting.get(kind) ?? new Set();
        for (const id of ids) {
            if (id) keys.add(String(this.strategy.encodeId(id)));
        }
        if (!keys.size) return;
        this.waiting.set(kind, keys);
        this.timer ??= setTimeout(() => this.flush(RETRY_DELAYS_MS), COLLECT_MS);
    }

    async flush(delays) {
        const messages = [];
        for (const [kind, keys] of this.waiting) {
            const all = [...keys];
            for (let start = 0; start < all.length; start += MAX_KEYS) {
                messages.push(JSON.stringify({ kind, keys: all.slice(start, start + MAX_KEYS) }));
            }
        }
        this.waiting.clear();
        this.timer = undefined;
        await Promise.all(messages.map(body => this.send(body, delays)));
    }

    async send(body, delays) {
        for (let attempt = 0; ; attempt++) {
            const reason = await this.post(body);
            if (!reason) return;
            if (attempt >= delays.length) {
                Logger.error(`SyncCenter was not told about ${body}: ${reason}`, CONTEXT);
                return;
            }
            await pause(delays[attempt], undefined, { ref: false });
        }
    }

    /** Why the message was not accepted; undefined if it was. */
    async post(body) {
        const { url, secret } = SyncCenterPlugin.options;
        const timestamp = String(Math.floor(Date.now() / 1000));
        const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
        const headers = {
            'Content-Type': 'application/json',
            'X-SyncCenter-Timestamp': timestamp,
            'X-SyncCenter-Signature': signature,
        };
        try {
            const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
            await response.arrayBuffer();
            return response.ok ? undefined : `status ${response.status}`;
        } catch (error) {
            return String(error.cause?.message ?? error.message);
        }
    }
}

// What TypeScript's decorators would write.
Reflect.defineMetadata('design:paramtypes', [EventBus, ConfigService], SyncCenterPlugin);
VendurePlugin({ imports: [PluginCommonModule], compatibility: '^3.0.0' })(SyncCenterPlugin);

module.exports = { SyncCenterPlugin };
