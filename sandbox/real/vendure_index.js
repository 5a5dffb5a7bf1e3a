/**
 * Configuration of the real Vendure of tests and the demo. From the environment: PORT, VENDURE_DATABASE, the variables of
 * libpq, and for our plugin SYNCCENTER_URL and SYNCCENTER_SECRET. NODE_PATH has the packages.
 */
'use strict';

const { bootstrap, DefaultLogger, LogLevel, dummyPaymentHandler } = require('@vendure/core');

const { env } = process;
const plugins = [];
if (env.SYNCCENTER_URL) {
    const { SyncCenterPlugin } = require('../../integrations/vendure/synccenter-plugin');
    plugins.push(SyncCenterPlugin.init({ url: env.SYNCCENTER_URL, secret: env.SYNCCENTER_SECRET }));
}

bootstrap({
    apiOptions: { hostname: '127.0.0.1', port: Number(env.PORT), adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
    authOptions: {
        tokenMethod: ['bearer', 'api-key'],
        requireVerification: false,
        superadminCredentials: { identifier: 'superadmin', password: env.VENDURE_PASSWORD },
        cookieOptions: { secret: env.VENDURE_PASSWORD },
    },
    dbConnectionOptions: {
        type: 'postgres',
        host: env.PGHOST,
        port: Number(env.PGPORT || 5432),
        username: env.PGUSER,
        password: env.PGPASSWORD,
        database: env.VENDURE_DATABASE,
        // Creates the tables in an empty database.
        synchronize: env.VENDURE_SYNCHRONIZE === '1',
    },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    logger: new DefaultLogger({ level: LogLevel.Warn }),
    plugins,
}).catch(error => {
    console.error(error);
    process.exit(1);
});
