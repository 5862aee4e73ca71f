"""The surface of the Python client against a running server. Usage: surface.py URL TOKEN; prints what failed, if anything."""

import asyncio
import sys
import warnings

from postgrest import AsyncPostgrestClient, SyncPostgrestClient
from postgrest.exceptions import APIError
from postgrest.types import CountMethod, ReturnMethod

warnings.simplefilter("ignore")
url, token = sys.argv[1], sys.argv[2]
client = SyncPostgrestClient(url)
failures = []


def same(what, found, wanted):
    if found != wanted:
        failures.append(f"{what}: {found!r}, not {wanted!r}")


def ids(what, query, wanted):
    same(what, [row["id"] for row in query.execute().data], wanted)


def refused(what, query, code):
    try:
        query.execute()
        failures.append(f"{what} was not refused")
    except APIError as error:
        same(what, error.code, code)


def products():
    return client.from_("products").select("id").order("id")


ids("eq", products().eq("name", "Rat trap"), [2])
ids("neq", products().neq("id", 1), [2, 3, 4])
ids("gt", products().gt("price", 7), [1, 2])
ids("gte", products().gte("price", 7), [1, 2, 3])
ids("lt", products().lt("price", 7), [4])
ids("lte", products().lte("price", 7), [3, 4])
ids("is_", products().is_("data", "null"), [3, 4])
ids("in_", products().in_("name", ["Rat trap", "a,b", "Plain bowl"]), [2, 3])
ids("not_", products().not_.in_("id", [1, 2]), [3, 4])
ids("filter", products().filter("id", "in", "(1,2)"), [1, 2])
ids("match", products().match({"id": 1, "name": "Fat cat mug"}), [1])
ids("or_", products().or_("id.eq.1,and(id.gt.2,id.lt.4)"), [1, 3])
ids("like", products().like("name", "%at%"), [1, 2])
ids("ilike", products().ilike("name", "RAT%"), [2])
ids("like_all_of", products().like_all_of("name", "%at%,%cat%"), [1])
ids("like_any_of", products().like_any_of("name", "Rat%,Plain%"), [2, 3])
ids("ilike_all_of", products().ilike_all_of("name", "%AT%,%CAT%"), [1])
ids("ilike_any_of", products().ilike_any_of("name", "RAT%,PLAIN%"), [2, 3])
ids("contains", products().contains("tags", ["kitchen"]), [1, 3])
ids("contains json", products().contains("data", {"color": "red"}), [1])
ids("contained_by", products().contained_by("tags", ["kitchen", "x"]), [3, 4])
ids("cs", products().cs("tags", ["house"]), [2])
ids("cd", products().cd("tags", ["house"]), [2, 4])
ids("overlaps", products().overlaps("tags", ["cat", "house"]), [1, 2])
ids("ov", products().ov("tags", ["cat"]), [1])
ids("range_gt", products().range_gt("sold", [5, 9]), [3])
ids("range_gte", products().range_gte("sold", [4, 9]), [2, 3])
ids("range_lt", products().range_lt("sold", [5, 9]), [1])
ids("range_lte", products().range_lte("sold", [5, 8]), [1])
ids("range_adjacent", products().range_adjacent("sold", [4, 9]), [1])
ids("fts", products().fts("words", "fat & cat"), [1])
ids("plfts", products().plfts("words", "fat cat"), [1])
ids("phfts", products().phfts("words", "cat mug"), [1])
ids("wfts", products().wfts("words", "bowl or trap"), [2, 3])
ids("text_search", client.from_("products").select("id").text_search("words", "fat"), [1])
ids("order", client.from_("products").select("id").order("cost", desc=True, nullsfirst=True), [4, 2, 3, 1])
ids("limit and offset", products().limit(2).offset(1), [2, 3])
ids("range", products().range(1, 2), [2, 3])

for count in CountMethod:
    answer = client.from_("products").select("*", count=count, head=True).execute()
    same(f"count {count}", answer.count, 4)
same("single", products().eq("id", 1).single().execute().data, {"id": 1})
refused("single of many", products().single(), "PGRST116")
same("maybe_single", products().eq("id", 1).maybe_single().execute().data, {"id": 1})
same("maybe_single of none", products().eq("id", -1).maybe_single().execute(), None)
same("csv", client.from_("products").select("id,name").eq("id", 1).csv().execute().data, 'id,name\n1,"Fat cat mug"')
same("strip_nulls", client.from_("products").select("id,data").eq("id", 3).strip_nulls().execute().data, [{"id": 3}])
same("explain", "Scan" in str(products().explain().execute()), True)
same("explain as json", "Plan" in str(products().explain(format="json", analyze=True).execute()), True)
embedded = client.from_("orders").select("customer, lines(quantity, products(name))").eq("id", 2).execute().data
same("embed", embedded, [{"customer": "Bob", "lines": [{"quantity": 5, "products": {"name": "Fat cat mug"}}]}])
nested = client.from_("orders").select("id, lines(product_id)").order("id").order("product_id", desc=True, foreign_table="lines")
same("embed's order", nested.execute().data[0], {"id": 1, "lines": [{"product_id": 2}, {"product_id": 1}]})

same("insert", client.from_("products").insert({"id": 10, "name": "A"}).execute().data[0]["name"], "A")
minimal = client.from_("products").insert({"id": 11, "name": "B"}, returning=ReturnMethod.minimal)
same("insert, minimal", minimal.execute().data, [])
many = [{"id": 12, "name": "C"}, {"id": 13, "name": "D", "price": 3}]
same("insert many", len(client.from_("products").insert(many, count="exact", default_to_null=False).execute().data), 2)
refused("insert twice", client.from_("products").insert({"id": 10, "name": "A"}), "23505")
upserted = client.from_("products").upsert({"name": "A", "price": 9}, on_conflict="name").execute().data[0]
same("upsert", (upserted["id"], upserted["price"]), (10, 9))
same("upsert ignored", client.from_("products").upsert({"id": 10, "name": "x"}, ignore_duplicates=True).execute().data, [])
same("update", client.from_("products").update({"price": 8}).eq("id", 10).execute().data[0]["price"], 8)
refused("max_affected", client.from_("products").update({"price": 0}).gt("id", 0).max_affected(2), "PGRST124")
deleted = client.from_("products").delete(count="exact").gte("id", 10).execute()
same("delete", (len(deleted.data), deleted.count), (4, 4))

same("rpc", client.rpc("add_them", {"a": 1, "b": 2}).execute().data, 3)
same("rpc by GET", client.rpc("add_them", {"a": 1, "b": 2}, get=True).execute().data, 3)
same("rpc, list by GET", client.rpc("list_sum", {"list": [1, 2, 3]}, get=True).execute().data, 6)
same("rpc by HEAD", client.rpc("cheap", {"below": 20}, count="exact", head=True).execute().count, 3)
ids("rpc, filtered", client.rpc("cheap", {"below": 20}).select("id").neq("id", 4).order("id").limit(1), [1])
refused("rpc unknown", client.rpc("nowhere", {}), "PGRST202")
same("schema", client.schema("other").from_("notes").select("*").execute().data, [{"id": 1, "body": "elsewhere"}])
same("schema rpc", client.schema("other").rpc("hello", {}).execute().data, "hello")
refused("privilege", client.from_("private").select("*"), "42501")
refused("unknown table", client.from_("nowhere").select("*"), "PGRST205")
same("auth", SyncPostgrestClient(url).auth(token).from_("private").select("*").execute().data, [{"id": 1}])


async def asynchronous():
    async with AsyncPostgrestClient(url) as other:
        answers = await asyncio.gather(*[other.from_("products").select("id").eq("id", i).execute() for i in (1, 2, 3)])
        same("async", [answer.data for answer in answers], [[{"id": 1}], [{"id": 2}], [{"id": 3}]])


asyncio.run(asynchronous())
print("\n".join(failures))
sys.exit(1 if failures else 0)
