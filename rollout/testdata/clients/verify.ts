import { verify } from "./gepa_client.ts";

const given = JSON.parse(process.argv[2] ?? "");
const headers = Object.fromEntries(Object.entries(given.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
console.log(verify("s3cret", headers, given.body));
console.log(verify("wrong", headers, given.body));
console.log(verify("s3cret", headers, given.body + " "));
console.log(verify("s3cret", headers, given.body, -1));
