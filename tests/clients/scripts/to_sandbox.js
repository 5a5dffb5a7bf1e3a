// Required first: connections to the vendor go to the sandbox, without TLS.
const net = require("net");
const https = require("https");

const { hostname, port } = new URL(process.env.SANDBOX);
https.Agent.prototype.createConnection = () => net.connect(Number(port), hostname);
