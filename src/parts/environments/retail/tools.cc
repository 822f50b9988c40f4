// The sixteen tools of the retail desk: their names, parameters and order.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/retail/tools.h"

#include <array>

#include "parts/environments/retail/records.h"

namespace xsweep {
namespace {

constexpr std::string_view kNothing[] = {""};
constexpr std::span<const std::string_view> kNone(kNothing, 0);
constexpr std::string_view kExpression[] = {"expression"};
constexpr std::string_view kThought[] = {"thought"};
constexpr std::string_view kSummary[] = {"summary"};
constexpr std::string_view kEmail[] = {"email"};
constexpr std::string_view kNameZip[] = {"first_name", "last_name", "zip"};
constexpr std::string_view kItem[] = {"item_id"};
constexpr std::string_view kOrder[] = {"order_id"};
constexpr std::string_view kProduct[] = {"product_id"};
constexpr std::string_view kUser[] = {"user_id"};
constexpr std::string_view kCancel[] = {"order_id", "reason"};
constexpr std::string_view kSwap[] = {"order_id", "item_ids", "new_item_ids", "payment_method_id"};
constexpr std::string_view kReturn[] = {"order_id", "item_ids", "payment_method_id"};
constexpr std::string_view kPayment[] = {"order_id", "payment_method_id"};
constexpr std::string_view kOrderAddress[] = {"order_id", "address1", "address2", "city", "state", "country", "zip"};
constexpr std::string_view kUserAddress[] = {"user_id", "address1", "address2", "city", "state", "country", "zip"};

using enum ToolKind;

constexpr DeskTool kCalculateTool = {"calculate", kGeneric, kExpression, retail::Calculate};
constexpr DeskTool kCancelTool = {"cancel_pending_order", kWrite, kCancel, retail::CancelPendingOrder};
constexpr DeskTool kExchangeTool = {"exchange_delivered_order_items", kWrite, kSwap,
                                    retail::ExchangeDeliveredOrderItems};
constexpr DeskTool kFindByEmailTool = {"find_user_id_by_email", kRead, kEmail, retail::FindUserIdByEmail};
constexpr DeskTool kFindByNameTool = {"find_user_id_by_name_zip", kRead, kNameZip, retail::FindUserIdByNameZip};
constexpr DeskTool kGetItemTool = {"get_item_details", kRead, kItem, retail::GetItemDetails};
constexpr DeskTool kGetOrderTool = {"get_order_details", kRead, kOrder, retail::GetOrderDetails};
constexpr DeskTool kGetProductTool = {"get_product_details", kRead, kProduct, retail::GetProductDetails};
constexpr DeskTool kGetUserTool = {"get_user_details", kRead, kUser, retail::GetUserDetails};
constexpr DeskTool kListProductsTool = {"list_all_product_types", kRead, kNone, retail::ListAllProductTypes};
constexpr DeskTool kModifyAddressTool = {"modify_pending_order_address", kWrite, kOrderAddress,
                                         retail::ModifyPendingOrderAddress};
constexpr DeskTool kModifyItemsTool = {"modify_pending_order_items", kWrite, kSwap, retail::ModifyPendingOrderItems};
constexpr DeskTool kModifyPaymentTool = {"modify_pending_order_payment", kWrite, kPayment,
                                         retail::ModifyPendingOrderPayment};
constexpr DeskTool kModifyUserTool = {"modify_user_address", kWrite, kUserAddress, retail::ModifyUserAddress};
constexpr DeskTool kReturnTool = {"return_delivered_order_items", kWrite, kReturn, retail::ReturnDeliveredOrderItems};
constexpr DeskTool kThinkTool = {"think", kGeneric, kThought, retail::Think};
constexpr DeskTool kTransferTool = {"transfer_to_human_agents", kGeneric, kSummary, retail::TransferToHumanAgents};

constexpr std::array kTau2Tools = {kCalculateTool,     kCancelTool,       kExchangeTool,      kFindByNameTool,
                                   kFindByEmailTool,   kGetOrderTool,     kGetProductTool,    kGetItemTool,
                                   kGetUserTool,       kListProductsTool, kModifyAddressTool, kModifyItemsTool,
                                   kModifyPaymentTool, kModifyUserTool,   kReturnTool,        kTransferTool};
constexpr std::array kTau1Tools = {kCalculateTool,    kCancelTool,        kExchangeTool,    kFindByEmailTool,
                                   kFindByNameTool,   kGetOrderTool,      kGetProductTool,  kGetUserTool,
                                   kListProductsTool, kModifyAddressTool, kModifyItemsTool, kModifyPaymentTool,
                                   kModifyUserTool,   kReturnTool,        kThinkTool,       kTransferTool};
static_assert(kTau2Tools.size() == 16 && kTau1Tools.size() == 16);

}  // namespace

constinit const Desk kTau2Retail = {{"tau2/retail", Benchmark::kTau2, kTau2RetailTables}, kTau2Tools, ""};
constinit const Desk kTau1Retail = {
    {"tau1/retail", Benchmark::kTau1, kTau1RetailTables}, kTau1Tools, "transfer_to_human_agents"};

}  // namespace xsweep
